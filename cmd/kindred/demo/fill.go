package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// fill puts the sample kinds and objects into the cluster.
func fill(ctx context.Context, config *rest.Config, namespace string) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	_, err = client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("make the namespace: %w", err)
	}
	if err := sample.InstallCRDs(ctx, config); err != nil {
		return fmt.Errorf("install the kinds: %w", err)
	}
	if err := sample.CreateSamples(ctx, config, namespace, objects); err != nil {
		return fmt.Errorf("make the objects: %w", err)
	}
	return nil
}

// empty takes the sample objects and the Leases out of a cluster that stays. The
// kinds stay too, and the namespace: somebody else may use them by now.
func empty(config *rest.Config, namespace string, say func(format string, args ...any)) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	objectClient, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	var errs []error
	for _, kind := range sample.Kinds {
		for i := range objects {
			name := fmt.Sprintf("%s-%d", strings.ToLower(kind.Kind), i+1)
			err := objectClient.Resource(sample.GVR(kind)).Namespace(namespace).Delete(ctx, name, metav1.DeleteOptions{})
			if err != nil && !apierrors.IsNotFound(err) {
				errs = append(errs, fmt.Errorf("remove %s %s: %w", kind.Kind, name, err))
			}
		}
	}
	query := inspect.Query{Namespace: namespace, Component: component}
	err = client.CoordinationV1().Leases(namespace).DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: query.Selector()})
	if err != nil {
		errs = append(errs, fmt.Errorf("remove the Leases: %w", err))
	}
	say("removed the sample objects and the Leases; the kinds *.%s and the namespace are left", sample.Group)
	return errors.Join(errs...)
}
