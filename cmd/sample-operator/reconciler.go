package main

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/adapter/informer"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// reconciler pretends to provide the resources of one kind.
type reconciler struct {
	client dynamic.NamespaceableResourceInterface
	// cache has the kind's objects. What is in it must not be changed.
	cache    cache.Store
	replica  string
	duration time.Duration
}

// newReconciler returns the runner of one kind, with an informer of its own.
func newReconciler(client dynamic.Interface, kind schema.GroupKind, replica string, o workOptions) (*informer.Runner, error) {
	resource := sample.GVR(kind)
	objects := dynamicinformer.NewFilteredDynamicInformer(client, resource, o.namespace, 0, cache.Indexers{}, nil).Informer()
	r := reconciler{client: client.Resource(resource), cache: objects.GetStore(), replica: replica, duration: o.duration}
	return informer.New(informer.Options{
		Name:      resource.Resource,
		Informer:  objects,
		Workers:   o.workers,
		Reconcile: r.reconcile,
	})
}

// reconcile carries out an object's spec and says so in its status. What is
// written is a function of the spec's generation and the term, so that the event
// that the write causes finds nothing to do.
func (r reconciler) reconcile(ctx context.Context, term lease.Term, key cache.ObjectName) error {
	cached, found, err := r.cache.GetByKey(key.String())
	if err != nil {
		return fmt.Errorf("looking up %s: %w", key, err)
	}
	if !found {
		return nil // deleted, and there is nothing outside the cluster to clean up
	}
	object := cached.(*unstructured.Unstructured)
	if object.GetDeletionTimestamp() != nil || upToDate(object, term) {
		return nil
	}
	if err := r.work(ctx); err != nil {
		return err
	}
	object = object.DeepCopy()
	if err := r.report(object, term); err != nil {
		return fmt.Errorf("status of %s: %w", key, err)
	}
	// A status that was written meanwhile makes this a conflict, never a loss.
	_, err = r.client.Namespace(key.Namespace).UpdateStatus(ctx, object, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// upToDate says whether this term has carried out the spec as it is now.
func upToDate(object *unstructured.Unstructured, term lease.Term) bool {
	generation, _, _ := unstructured.NestedInt64(object.Object, "status", "observedGeneration")
	token, _, _ := unstructured.NestedString(object.Object, "status", "term")
	return generation == object.GetGeneration() && token == term.Token()
}

// report sets the status.
func (r reconciler) report(object *unstructured.Unstructured, term lease.Term) error {
	reconciles, _, err := unstructured.NestedInt64(object.Object, "status", "reconciles")
	if err != nil {
		return err
	}
	return unstructured.SetNestedMap(object.Object, map[string]any{
		"observedGeneration": object.GetGeneration(),
		"phase":              "Ready",
		"pod":                r.replica,
		"term":               term.Token(),
		"reconciles":         reconciles + 1,
	}, "status")
}

// work takes as long as the real thing would, unless the term ends.
func (r reconciler) work(ctx context.Context) error {
	if r.duration == 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(r.duration)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
