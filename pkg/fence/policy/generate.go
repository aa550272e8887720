package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Policy is a policy with the binding that puts it into force. The two have the
// same name.
type Policy struct {
	Policy  *admissionv1.ValidatingAdmissionPolicy
	Binding *admissionv1.ValidatingAdmissionPolicyBinding
}

// Generate returns a policy for each kind and area, in the order of Options. The
// same Options give the same policies. The error names everything that is wrong.
func Generate(o Options) ([]Policy, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	var all []Policy
	var errs []error
	for _, kind := range o.Kinds {
		shard := lease.ShardOf(kind.GroupKind)
		leaseName, err := shard.Name(o.Component)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, area := range o.Areas {
			f := fenced{options: o, kind: kind, area: area, lease: leaseName}
			if problems := validation.NameIsDNSSubdomain(f.name(), false); len(problems) > 0 {
				errs = append(errs, fmt.Errorf("kind %s: its policy would be named %q: %s; shorten the component's name", shard, f.name(), problems[0]))
				continue
			}
			all = append(all, Policy{Policy: f.policy(), Binding: f.binding()})
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return all, nil
}

// fenced is one area of one kind.
type fenced struct {
	options Options
	kind    Kind
	area    Area
	lease   string
}

// namePrefix begins the name of every policy.
const namePrefix = "kindred-"

// name is kindred-<area>.<namespace>.<Lease>. Policies have no namespace of their
// own, so it has that of the Leases: the same controller may be installed twice.
// Nothing before the group has a dot in it, so two policies never share a name.
func (f fenced) name() string {
	return namePrefix + string(f.area) + "." + f.options.Namespace + "." + f.lease
}

func (f fenced) meta() metav1.ObjectMeta {
	labels := lease.ShardOf(f.kind.GroupKind).Labels(f.options.Component)
	delete(labels, lease.LabelRole)
	return metav1.ObjectMeta{Name: f.name(), Labels: labels}
}

func typeMeta(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: admissionv1.SchemeGroupVersion.String(), Kind: kind}
}

func (f fenced) policy() *admissionv1.ValidatingAdmissionPolicy {
	return &admissionv1.ValidatingAdmissionPolicy{
		TypeMeta:   typeMeta("ValidatingAdmissionPolicy"),
		ObjectMeta: f.meta(),
		Spec: admissionv1.ValidatingAdmissionPolicySpec{
			FailurePolicy: ptr.To(admissionv1.Fail),
			ParamKind: &admissionv1.ParamKind{
				APIVersion: coordinationv1.SchemeGroupVersion.String(), Kind: "Lease",
			},
			MatchConstraints: matching(f.rules()...),
			MatchConditions:  f.conditions(),
			Variables:        variables,
			Validations:      f.validations(),
		},
	}
}

func (f fenced) binding() *admissionv1.ValidatingAdmissionPolicyBinding {
	missing := admissionv1.AllowAction
	if slices.Contains(f.options.RefuseWithoutLease, f.area) {
		missing = admissionv1.DenyAction
	}
	return &admissionv1.ValidatingAdmissionPolicyBinding{
		TypeMeta:   typeMeta("ValidatingAdmissionPolicyBinding"),
		ObjectMeta: f.meta(),
		Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: f.name(),
			ParamRef: &admissionv1.ParamRef{
				Name: f.lease, Namespace: f.options.Namespace,
				ParameterNotFoundAction: ptr.To(missing),
			},
			ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny},
		},
	}
}

// matching has the defaults written out, so that what is applied is what is stored.
func matching(rules ...admissionv1.NamedRuleWithOperations) *admissionv1.MatchResources {
	return &admissionv1.MatchResources{
		MatchPolicy:       ptr.To(admissionv1.Equivalent),
		NamespaceSelector: &metav1.LabelSelector{},
		ObjectSelector:    &metav1.LabelSelector{},
		ResourceRules:     rules,
	}
}

// rules are the requests that can be of the area.
func (f fenced) rules() []admissionv1.NamedRuleWithOperations {
	all := []admissionv1.OperationType{admissionv1.Create, admissionv1.Update, admissionv1.Delete}
	update := []admissionv1.OperationType{admissionv1.Update} // PATCH is one
	switch f.area {
	case Status:
		return []admissionv1.NamedRuleWithOperations{rule(update, f.kind.Group, f.kind.Resource+"/status")}
	case Finalizers:
		return []admissionv1.NamedRuleWithOperations{rule(update, f.kind.Group, f.kind.Resource)}
	case Spec:
		return []admissionv1.NamedRuleWithOperations{
			rule(all, f.kind.Group, f.kind.Resource),
			rule(update, f.kind.Group, f.kind.Resource+"/scale"),
		}
	}
	var rules []admissionv1.NamedRuleWithOperations
	for _, group := range groups(f.options.Children) {
		var resources []string
		for _, child := range f.options.Children {
			if child.Group == group {
				resources = append(resources, child.Resource)
			}
		}
		rules = append(rules, rule(all, group, resources...))
	}
	return rules
}

func rule(operations []admissionv1.OperationType, group string, resources ...string) admissionv1.NamedRuleWithOperations {
	return admissionv1.NamedRuleWithOperations{RuleWithOperations: admissionv1.RuleWithOperations{
		Operations: operations,
		Rule: admissionv1.Rule{
			APIGroups: []string{group}, APIVersions: []string{"*"}, Resources: resources,
			Scope: ptr.To(admissionv1.AllScopes),
		},
	}}
}

// groups returns the groups in the order in which they first appear.
func groups(resources []schema.GroupResource) []string {
	var found []string
	for _, resource := range resources {
		if !slices.Contains(found, resource.Group) {
			found = append(found, resource.Group)
		}
	}
	return found
}

// what is what only the owner may do, for messages.
func (f fenced) what() string {
	switch f.area {
	case Status:
		return "write its status"
	case Spec:
		return "create, change or delete its objects"
	case Finalizers:
		return "change its finalizers"
	}
	var names []string
	for _, child := range f.options.Children {
		names = append(names, child.String())
	}
	return "write what belongs to its objects (" + strings.Join(names, ", ") + ")"
}
