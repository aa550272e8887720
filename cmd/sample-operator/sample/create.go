package sample

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/kindred-k8s/kindred/config"
)

// CreateSamples creates perKind objects of each kind in a namespace that exists:
// database-1, database-2 and so on, with the specs of config/samples in turn. It
// leaves those that exist as they are.
func CreateSamples(ctx context.Context, to *rest.Config, namespace string, perKind int) error {
	client, err := dynamic.NewForConfig(unlimited(to))
	if err != nil {
		return fmt.Errorf("making the dynamic client: %w", err)
	}
	return create(ctx, client, namespace, perKind)
}

func create(ctx context.Context, client dynamic.Interface, namespace string, perKind int) error {
	samples, err := config.Samples()
	if err != nil {
		return err
	}
	templates := map[schema.GroupKind][]*unstructured.Unstructured{}
	for _, sample := range samples {
		kind := sample.GroupVersionKind().GroupKind()
		templates[kind] = append(templates[kind], sample)
	}
	for _, kind := range Kinds {
		of := templates[kind]
		for i := range perKind {
			object := of[i%len(of)].DeepCopy()
			object.SetName(fmt.Sprintf("%s-%d", strings.ToLower(kind.Kind), i+1))
			object.SetNamespace(namespace)
			_, err := client.Resource(GVR(kind)).Namespace(namespace).Create(ctx, object, metav1.CreateOptions{FieldManager: fieldManager})
			if err != nil && !apierrors.IsAlreadyExists(err) {
				return fmt.Errorf("creating %s %s/%s: %w", kind.Kind, namespace, object.GetName(), err)
			}
		}
	}
	return nil
}
