package controllerruntime

import (
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// Kind is a kind and the controllers that only its owner runs.
type Kind struct {
	// For is an object of the kind, as the builder's For has it: &v1.Database{}, or
	// a metav1.PartialObjectMetadata with its kind set for a controller that watches
	// metadata only. Required. Every replica runs its informer from the start.
	For client.Object
	// Setup builds the kind's controllers, as usual, with the manager that it is
	// given: ctrl.NewControllerManagedBy(mgr).For(...).Complete(r). Required.
	//
	// Own calls it twice, to see that it can be repeated, and then it is called for
	// each term. Controllers, and other runnables that need an election, are run for
	// that term. What needs none (field indexes, webhooks, health checks, runnables
	// whose NeedLeaderElection is false) takes effect at the first call only.
	Setup func(manager.Manager) error
	// Warm are objects of the other types that the controllers watch or read, as the
	// builder's Owns and Watches have them. Every replica runs their informers too.
	// One that is left out is listed when the replica first needs it, and is warm
	// from then on.
	Warm []client.Object
	// Weight is how much work the kind is, relative to the others. Default 1.
	Weight int64
}

// validate returns the kind's GroupKind, and everything that is wrong with it but
// its Setup. place is its place among the arguments.
func (k Kind) validate(scheme *runtime.Scheme, place int) (schema.GroupKind, error) {
	name := fmt.Sprintf("kind %d", place+1)
	var errs []error
	var groupKind schema.GroupKind
	switch gvk, err := gvkOf(k.For, scheme); {
	case k.For == nil:
		errs = append(errs, fmt.Errorf("%s has no For: give an object of the type that its controller reconciles", name))
	case err != nil:
		errs = append(errs, fmt.Errorf("%s, For: %w", name, err))
	default:
		groupKind = gvk.GroupKind()
		name = "kind " + groupKind.String()
	}
	if k.Setup == nil {
		errs = append(errs, fmt.Errorf("%s has no Setup: give the function that builds its controllers, such as SetupWithManager", name))
	}
	for _, object := range k.Warm {
		if _, err := gvkOf(object, scheme); err != nil {
			errs = append(errs, fmt.Errorf("%s, Warm: %w", name, err))
		}
	}
	return groupKind, errors.Join(errs...)
}

func gvkOf(object client.Object, scheme *runtime.Scheme) (schema.GroupVersionKind, error) {
	if object == nil {
		return schema.GroupVersionKind{}, errors.New("the object is nil")
	}
	gvk, err := apiutil.GVKForObject(object, scheme)
	if runtime.IsNotRegisteredError(err) {
		err = fmt.Errorf("the manager's scheme does not know the type %T: call its package's AddToScheme on the scheme in the options of NewManager: %w", object, err)
	}
	return gvk, err
}
