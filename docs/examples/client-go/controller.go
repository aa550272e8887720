package main

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	appslisters "k8s.io/client-go/listers/apps/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// termAnnotation says in which term an object was reconciled for the last time.
const termAnnotation = "workload-marker.kindred.dev/term"

type reconcileFunc = func(ctx context.Context, term lease.Term, key cache.ObjectName) error

// controller marks workloads.
type controller struct {
	client       kubernetes.Interface
	deployments  appslisters.DeploymentLister
	statefulSets appslisters.StatefulSetLister
}

func (c controller) reconcileDeployment(ctx context.Context, term lease.Term, key cache.ObjectName) error {
	d, err := c.deployments.Deployments(key.Namespace).Get(key.Name)
	if err != nil || d.Annotations[termAnnotation] == term.Token() {
		return ignoreNotFound(err)
	}
	_, err = c.client.AppsV1().Deployments(key.Namespace).Patch(ctx, key.Name, types.MergePatchType, mark(term), metav1.PatchOptions{})
	return ignoreNotFound(err)
}

func (c controller) reconcileStatefulSet(ctx context.Context, term lease.Term, key cache.ObjectName) error {
	s, err := c.statefulSets.StatefulSets(key.Namespace).Get(key.Name)
	if err != nil || s.Annotations[termAnnotation] == term.Token() {
		return ignoreNotFound(err)
	}
	_, err = c.client.AppsV1().StatefulSets(key.Namespace).Patch(ctx, key.Name, types.MergePatchType, mark(term), metav1.PatchOptions{})
	return ignoreNotFound(err)
}

func mark(term lease.Term) []byte {
	return fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, termAnnotation, term.Token())
}

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
