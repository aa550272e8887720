package sample

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"

	"github.com/kindred-k8s/kindred/config"
)

const (
	fieldManager = "sample-operator"
	// lookPeriod is how often InstallCRDs looks whether the kinds are served.
	lookPeriod = 100 * time.Millisecond
)

// InstallCRDs creates or updates the definitions of Kinds and waits until the API
// server serves all of them, or until ctx ends.
func InstallCRDs(ctx context.Context, to *rest.Config) error {
	crds, err := config.CRDs()
	if err != nil {
		return err
	}
	client, err := clientset.NewForConfig(unlimited(to))
	if err != nil {
		return fmt.Errorf("making the client for CustomResourceDefinitions: %w", err)
	}
	for _, crd := range crds {
		body, err := json.Marshal(crd)
		if err != nil {
			return fmt.Errorf("encoding %s: %w", crd.Name, err)
		}
		force := true
		if _, err := client.ApiextensionsV1().CustomResourceDefinitions().Patch(ctx, crd.Name, types.ApplyPatchType, body,
			metav1.PatchOptions{FieldManager: fieldManager, Force: &force}); err != nil {
			return fmt.Errorf("applying CustomResourceDefinition %s: %w", crd.Name, err)
		}
	}
	var missing error
	err = wait.PollUntilContextCancel(ctx, lookPeriod, true, func(ctx context.Context) (bool, error) {
		missing = served(ctx, client, crds)
		return missing == nil, nil
	})
	if err != nil {
		return fmt.Errorf("waiting for the kinds to be served: %w", errors.Join(err, missing))
	}
	return nil
}

// served says whether every definition is established and found by discovery,
// which can be a moment later.
func served(ctx context.Context, client clientset.Interface, crds []*apiextensionsv1.CustomResourceDefinition) error {
	for _, crd := range crds {
		now, err := client.ApiextensionsV1().CustomResourceDefinitions().Get(ctx, crd.Name, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("reading CustomResourceDefinition %s: %w", crd.Name, err)
		}
		if !established(now) {
			return fmt.Errorf("%s is not established", crd.Name)
		}
	}
	resources, err := client.Discovery().ServerResourcesForGroupVersion(Group + "/" + Version)
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("asking for the resources of %s/%s: %w", Group, Version, err)
	}
	found := map[string]bool{}
	if resources != nil {
		for _, resource := range resources.APIResources {
			found[resource.Name] = true
		}
	}
	for _, kind := range Kinds {
		if name := GVR(kind).Resource; !found[name] || !found[name+"/status"] {
			return fmt.Errorf("%s is not served yet", kind)
		}
	}
	return nil
}

func established(crd *apiextensionsv1.CustomResourceDefinition) bool {
	for _, condition := range crd.Status.Conditions {
		if condition.Type == apiextensionsv1.Established {
			return condition.Status == apiextensionsv1.ConditionTrue
		}
	}
	return false
}

// unlimited returns a copy of config without a client-side rate limit.
func unlimited(config *rest.Config) *rest.Config {
	config = rest.CopyConfig(config)
	config.QPS = -1
	return config
}
