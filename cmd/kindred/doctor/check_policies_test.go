package doctor

import (
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kindred-k8s/kindred/pkg/fence/policy"
)

// fencedState is a fleet with the policies that kindred policy prints.
func fencedState(t *testing.T, areas ...policy.Area) *state {
	t.Helper()
	s := stateOf(healthy()...)
	robot := types.NamespacedName{Namespace: "ns", Name: "robot"}
	o := policy.Options{
		Component: "op", Namespace: "ns", ServiceAccount: robot, Areas: areas, RefuseWithoutLease: []policy.Area{policy.Status},
		Kinds: []policy.Kind{{GroupKind: schema.GroupKind{Group: "example.com", Kind: "Cache"}, Resource: "caches"}, {GroupKind: schema.GroupKind{Group: "example.com", Kind: "Queue"}, Resource: "queues"}},
	}
	for _, area := range areas {
		if area == policy.Children {
			o.Children = []schema.GroupResource{{Group: "apps", Resource: "deployments"}, {Resource: "services"}}
		}
	}
	generated, err := policy.Generate(o)
	if err != nil {
		t.Fatal(err)
	}
	s.policies, s.bindings = map[string]*admissionv1.ValidatingAdmissionPolicy{}, map[string]*admissionv1.ValidatingAdmissionPolicyBinding{}
	for _, p := range append(generated, policy.LeaseWatch()) {
		s.policies[p.Policy.Name], s.bindings[p.Binding.Name] = p.Policy, p.Binding
	}
	s.accounts = map[component][]types.NamespacedName{op: {robot}}
	return s
}

const (
	cachePolicy = "kindred-status.ns.op.cache.example.com"
	queuePolicy = "kindred-status.ns.op.queue.example.com"
	printed     = "kindred policy -n ns --component op --service-account ns/robot --fence status | kubectl apply --server-side -f -"
)

func TestPolicies(t *testing.T) {
	s := stateOf(healthy()...)
	want(t, checkPolicies(s)) // not known
	s.policies, s.bindings = map[string]*admissionv1.ValidatingAdmissionPolicy{}, map[string]*admissionv1.ValidatingAdmissionPolicyBinding{}
	want(t, checkPolicies(s), "info component op in namespace ns: the API server does not refuse writes ... | kindred policy -n ns --component op --service-account NAME |")

	want(t, checkPolicies(fencedState(t, policy.Status)))
	want(t, checkPolicies(fencedState(t, policy.Status, policy.Spec, policy.Finalizers, policy.Children)))

	for _, test := range []struct {
		change func(*state)
		want   []string
	}{
		{func(s *state) { delete(s.policies, queuePolicy) },
			[]string{"warning Lease ns/op.queue.example.com: Queue.example.com is not fenced by the API server (status) ... | " + printed}},
		{func(s *state) { delete(s.bindings, queuePolicy) },
			[]string{"error ValidatingAdmissionPolicy " + queuePolicy + ": it has no binding ... | " + printed}},
		{func(s *state) { s.policies[cachePolicy].Spec.Validations = nil },
			[]string{"warning ValidatingAdmissionPolicy " + cachePolicy + ": the policy differs from what \"kindred policy\" prints"}},
		{func(s *state) {
			s.bindings[cachePolicy].Spec.ValidationActions = []admissionv1.ValidationAction{admissionv1.Audit}
		}, []string{"warning ValidatingAdmissionPolicy " + cachePolicy + ": its binding differs"}},
		{func(s *state) {
			s.resources = map[schema.GroupKind]string{{Group: "example.com", Kind: "Cache"}: "cachen", {Group: "example.com", Kind: "Queue"}: "queues"}
		}, []string{"warning ValidatingAdmissionPolicy " + cachePolicy + ": the policy differs"}},
		{func(s *state) { s.policies[cachePolicy].Spec.MatchConditions = nil },
			[]string{"error ValidatingAdmissionPolicy " + cachePolicy + ": it does not say whose writes it judges"}},
		{func(s *state) { s.accounts[op] = []types.NamespacedName{{Namespace: "ns", Name: "other"}} },
			[]string{"error ValidatingAdmissionPolicy " + cachePolicy + ": it judges the writes of ServiceAccount ns/robot, and the replicas use [ns/other]: it refuses nothing ... --service-account ns/other", "error ValidatingAdmissionPolicy " + queuePolicy}},
		{func(s *state) { s.after.Kinds[0].UID = "" },
			[]string{"error ValidatingAdmissionPolicy " + cachePolicy + ": Cache.example.com has no Lease and parameterNotFoundAction is Deny: the API server refuses EVERYBODY's writes to its status"}},
		{func(s *state) { s.after.Kinds = s.after.Kinds[:1] },
			[]string{"warning ValidatingAdmissionPolicy " + queuePolicy + ": it is about a kind that the component does not have ... kubectl delete validatingadmissionpolicy,validatingadmissionpolicybinding " + queuePolicy}},
		{func(s *state) { delete(s.bindings, policy.WatchName) },
			[]string{"warning ValidatingAdmissionPolicy kindred-lease-watch: it or its binding is missing"}},
	} {
		s := fencedState(t, policy.Status)
		test.change(s)
		want(t, checkPolicies(s), test.want...)
	}
}
