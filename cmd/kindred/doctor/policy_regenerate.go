package doctor

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kindred-k8s/kindred/pkg/fence/policy"
	"github.com/kindred-k8s/kindred/pkg/inspect"
)

var accountExpression = regexp.MustCompile(`^request\.userInfo\.username == 'system:serviceaccount:([^:']+):([^:']+)'$`)

// accountIn is whose writes an installed policy judges.
func accountIn(p *admissionv1.ValidatingAdmissionPolicy) (types.NamespacedName, bool) {
	for _, condition := range p.Spec.MatchConditions {
		if match := accountExpression.FindStringSubmatch(condition.Expression); match != nil {
			return types.NamespacedName{Namespace: match[1], Name: match[2]}, true
		}
	}
	return types.NamespacedName{}, false
}

// outdated says in what an installed policy differs from what "kindred policy" would
// print for the same account, kind and area; "" when it does not.
func (s *state) outdated(c component, f fence, k inspect.Kind, account types.NamespacedName, binding *admissionv1.ValidatingAdmissionPolicyBinding) string {
	kind := policy.Kind{GroupKind: groupKind(k), Resource: s.resources[groupKind(k)]}
	if kind.Resource == "" {
		kind.Resource = resourceIn(f, k)
	}
	options := policy.Options{
		Component: c.name, Namespace: c.namespace, ServiceAccount: account,
		Kinds: []policy.Kind{kind}, Areas: []policy.Area{f.area},
	}
	if f.area == policy.Children {
		options.Children = childrenIn(f.policy)
	}
	if denies(binding) && f.area != policy.Children {
		options.RefuseWithoutLease = options.Areas
	}
	wanted, err := policy.Generate(options)
	if err != nil {
		return fmt.Sprintf("it is none that \"%s policy\" prints: %v", s.program, err)
	}
	var parts []string
	if !equality.Semantic.DeepEqual(wanted[0].Policy.Spec, f.policy.Spec) {
		parts = append(parts, "the policy")
	}
	if !equality.Semantic.DeepEqual(wanted[0].Binding.Spec, binding.Spec) {
		parts = append(parts, "its binding")
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("%s differs from what \"%s policy\" prints: it was edited, or is of another version", strings.Join(parts, " and "), s.program)
}

// resourceIn is the plural that an installed policy is about.
func resourceIn(f fence, k inspect.Kind) string {
	if f.area != policy.Children && f.policy.Spec.MatchConstraints != nil {
		for _, rule := range f.policy.Spec.MatchConstraints.ResourceRules {
			if len(rule.Resources) > 0 {
				name, _, _ := strings.Cut(rule.Resources[0], "/")
				return name
			}
		}
	}
	return strings.ToLower(k.Kind) + "s" // no part of a policy about children
}

// childrenIn are the resources that an installed policy is about.
func childrenIn(p *admissionv1.ValidatingAdmissionPolicy) []schema.GroupResource {
	var all []schema.GroupResource
	if p.Spec.MatchConstraints == nil {
		return nil
	}
	for _, rule := range p.Spec.MatchConstraints.ResourceRules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				all = append(all, schema.GroupResource{Group: group, Resource: resource})
			}
		}
	}
	return all
}

// policyCommand prints and applies the component's policies.
func (s *state) policyCommand(c component, areas []policy.Area) string {
	account := "NAME"
	if accounts := s.accounts[c]; len(accounts) > 0 {
		account = accounts[0].String()
	}
	command := fmt.Sprintf("%s policy %s --service-account %s", s.program, c.flags(), account)
	var names, children []string
	for _, area := range areas {
		names = append(names, string(area))
		if area == policy.Children {
			for _, f := range s.fencesOf(c) {
				for _, child := range childrenIn(f.policy) {
					if f.area == policy.Children && !slices.Contains(children, child.String()) {
						children = append(children, child.String())
					}
				}
			}
		}
	}
	if len(names) > 0 {
		command += " --fence " + strings.Join(names, ",")
	}
	if len(children) > 0 {
		command += " --children " + strings.Join(children, ",")
	}
	return command + " | kubectl apply --server-side -f -"
}
