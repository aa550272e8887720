package doctor

import (
	"fmt"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"

	"github.com/kindred-k8s/kindred/pkg/fence/policy"
	"github.com/kindred-k8s/kindred/pkg/inspect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// checkPolicies looks at what "kindred policy" has printed and somebody has applied. It
// is optional; half of it is worse than none.
func checkPolicies(s *state) []Finding {
	if s.policies == nil || s.bindings == nil {
		return nil
	}
	var found []Finding
	fenced := false
	for _, c := range s.components() {
		installed := s.fencesOf(c)
		if len(installed) == 0 {
			found = append(found, Finding{
				Severity: Info, Where: c.String(),
				What: "the API server does not refuse writes of replicas that do not own a kind (that is optional: docs/fence-server.md)",
				Fix:  s.policyCommand(c, nil),
			})
			continue
		}
		fenced = true
		found = append(found, s.unfenced(c, installed)...)
		for _, f := range installed {
			found = append(found, s.judge(c, f)...)
		}
	}
	if fenced && (s.policies[policy.WatchName] == nil || s.bindings[policy.WatchName] == nil) {
		found = append(found, Finding{
			Severity: Warning, Where: "ValidatingAdmissionPolicy " + policy.WatchName,
			What: "it or its binding is missing: when the last other policy is taken away and one is installed again, API servers judge by old Leases until they are restarted (kubernetes/kubernetes#130887)",
			Fix:  "apply all that \"" + s.program + " policy\" prints",
		})
	}
	return found
}

// fence is an installed policy, read by its name: kindred-<area>.<namespace>.<Lease>.
type fence struct {
	policy *admissionv1.ValidatingAdmissionPolicy
	area   policy.Area
	lease  string
}

const fencePrefix = "kindred-"

// fencesOf are the policies of a component's kinds, in the order of their names.
func (s *state) fencesOf(c component) []fence {
	var all []fence
	for _, p := range s.policies {
		parts := strings.SplitN(strings.TrimPrefix(p.Name, fencePrefix), ".", 3)
		if !strings.HasPrefix(p.Name, fencePrefix) || len(parts) < 3 || parts[1] != c.namespace || p.Labels[lease.LabelComponent] != c.name {
			continue
		}
		all = append(all, fence{p, policy.Area(parts[0]), parts[2]})
	}
	slices.SortFunc(all, func(a, b fence) int { return strings.Compare(a.policy.Name, b.policy.Name) })
	return all
}

// unfenced: kinds that lack an area that others of the component have.
func (s *state) unfenced(c component, installed []fence) []Finding {
	var areas []policy.Area
	has := map[string]bool{}
	for _, f := range installed {
		if !slices.Contains(areas, f.area) {
			areas = append(areas, f.area)
		}
		has[string(f.area)+f.lease] = true
	}
	var found []Finding
	for _, k := range s.kinds(c) {
		for _, area := range areas {
			if !has[string(area)+k.Lease] {
				found = append(found, Finding{
					Severity: Warning, Where: leaseWhere(k.Namespace, k.Lease),
					What: fmt.Sprintf("%s is not fenced by the API server (%s), and other kinds of its component are", k.Name(), area),
					Fix:  s.policyCommand(c, areas),
				})
			}
		}
	}
	return found
}

// judge compares one policy with what "kindred policy" would print.
func (s *state) judge(c component, f fence) []Finding {
	where := "ValidatingAdmissionPolicy " + f.policy.Name
	fix := s.policyCommand(c, []policy.Area{f.area})
	one := func(severity Severity, what string) []Finding {
		return []Finding{{Severity: severity, Where: where, What: what, Fix: fix}}
	}
	binding := s.bindings[f.policy.Name]
	if binding == nil {
		return one(Error, "it has no binding of its name, so it refuses nothing")
	}
	kinds := s.kinds(c)
	i := slices.IndexFunc(kinds, func(k inspect.Kind) bool { return k.Lease == f.lease })
	if i < 0 {
		return []Finding{{
			Severity: Warning, Where: where, What: "it is about a kind that the component does not have any more",
			Fix: "kubectl delete validatingadmissionpolicy,validatingadmissionpolicybinding " + f.policy.Name,
		}}
	}
	var found []Finding
	if denies(binding) && kinds[i].UID == "" {
		found = one(Error, fmt.Sprintf("%s has no Lease and parameterNotFoundAction is Deny: the API server refuses EVERYBODY's writes to its %s", kinds[i].Name(), f.area))
	}
	account, known := accountIn(f.policy)
	if !known {
		return append(found, one(Error, "it does not say whose writes it judges: it was edited")...)
	}
	if accounts := s.accounts[c]; len(accounts) > 0 && !slices.Contains(accounts, account) {
		found = append(found, one(Error, fmt.Sprintf("it judges the writes of ServiceAccount %s, and the replicas use %v: it refuses nothing", account, accounts))...)
	}
	if difference := s.outdated(c, f, kinds[i], account, binding); difference != "" {
		found = append(found, one(Warning, difference)...)
	}
	return found
}

func denies(b *admissionv1.ValidatingAdmissionPolicyBinding) bool {
	return b.Spec.ParamRef != nil && b.Spec.ParamRef.ParameterNotFoundAction != nil && *b.Spec.ParamRef.ParameterNotFoundAction == admissionv1.DenyAction
}
