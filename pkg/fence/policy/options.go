package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Area is a kind of write that can be fenced.
type Area string

const (
	// Status is updating the status subresource.
	Status Area = "status"
	// Spec is creating, updating, scaling and deleting the objects themselves, with
	// all their metadata. It includes Finalizers.
	Spec Area = "spec"
	// Finalizers is updating the objects' metadata.finalizers. There is no
	// subresource for that: databases/finalizers is a name that only RBAC knows.
	Finalizers Area = "finalizers"
	// Children is creating, updating and deleting objects of Options.Children that
	// have an owner reference to an object of the kind.
	Children Area = "children"
)

// Areas are all that there are.
var Areas = []Area{Status, Spec, Finalizers, Children}

// Options say what is to be fenced.
type Options struct {
	// Component is the controller's name and Namespace is where its Leases are.
	Component, Namespace string
	// ServiceAccount is whose writes are judged. Nobody else's are.
	ServiceAccount types.NamespacedName
	// Kinds are what is fenced, at least one.
	Kinds []Kind
	// Areas are the kinds of writes, at least one.
	Areas []Area
	// Children are the resources of the area Children.
	Children []schema.GroupResource
	// RefuseWithoutLease are those of Areas in which a write is refused while the
	// kind has no Lease. The API server then refuses EVERYBODY's: it looks for the
	// parameter before it looks at who is asking. In the other areas a write passes
	// while there is no Lease, and so while nobody owns the kind.
	RefuseWithoutLease []Area
}

// Kind is a kind and what its resource is called in a URL.
type Kind struct {
	schema.GroupKind
	// Resource is the plural: databases.
	Resource string
}

// validate returns everything that is wrong.
func (o Options) validate() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if err := lease.ValidateComponent(o.Component); err != nil {
		errs = append(errs, err)
	}
	if problems := validation.ValidateNamespaceName(o.Namespace, false); len(problems) > 0 {
		add("namespace of the Leases %q: %s", o.Namespace, problems[0])
	}
	if problems := validation.ValidateNamespaceName(o.ServiceAccount.Namespace, false); len(problems) > 0 {
		add("namespace of the service account %q: %s", o.ServiceAccount.Namespace, problems[0])
	}
	if problems := validation.ValidateServiceAccountName(o.ServiceAccount.Name, false); len(problems) > 0 {
		add("name of the service account %q: %s", o.ServiceAccount.Name, problems[0])
	}
	errs = append(errs, o.validateAreas()...)
	if len(o.Kinds) == 0 {
		add("no kind is given: name at least one")
	}
	seen := map[string]bool{}
	for _, kind := range o.Kinds {
		if problems := validation.NameIsDNSLabel(kind.Resource, false); len(problems) > 0 {
			add("kind %s: its resource %q is not the plural of a kind: %s", kind.GroupKind, kind.Resource, problems[0])
		}
		if key := strings.ToLower(kind.String()); seen[key] {
			add("kind %s is given twice", kind.GroupKind)
		} else {
			seen[key] = true
		}
	}
	return errors.Join(errs...)
}

func (o Options) validateAreas() []error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(o.Areas) == 0 {
		add("nothing is to be fenced: name at least one of %s", known())
	}
	for i, area := range o.Areas {
		if !slices.Contains(Areas, area) {
			add("%q is nothing that can be fenced: use %s", area, known())
		} else if slices.Contains(o.Areas[:i], area) {
			add("%s is to be fenced twice: name it once", area)
		}
	}
	for _, area := range o.RefuseWithoutLease {
		switch {
		case area == Children:
			add("children cannot be refused while there is no Lease: the API server would refuse everybody's writes to such resources in the whole cluster")
		case !slices.Contains(o.Areas, area):
			add("%s is to be refused while there is no Lease, but is not fenced: fence it too", area)
		}
	}
	fenced := slices.Contains(o.Areas, Children)
	switch {
	case fenced && len(o.Children) == 0:
		add("children are to be fenced, but which: name their resources, as in deployments.apps")
	case !fenced && len(o.Children) > 0:
		add("resources of children are given, but children are not fenced: fence them too")
	}
	for _, child := range o.Children {
		problems := validation.NameIsDNSLabel(child.Resource, false)
		if child.Group != "" {
			problems = append(problems, validation.NameIsDNSSubdomain(child.Group, false)...)
		}
		if len(problems) > 0 {
			add("child resource %q is not a plural with its group, as in deployments.apps: %s", child, problems[0])
		}
	}
	return errs
}

func known() string {
	names := make([]string, 0, len(Areas))
	for _, area := range Areas {
		names = append(names, string(area))
	}
	return strings.Join(names, ", ")
}
