package doctor

import (
	"testing"
)

func TestRBAC(t *testing.T) {
	s := stateOf(healthy()...)
	ask := func(verb, group, resource string, optional string, allowed bool) {
		s.access = append(s.access, access{op, "system:serviceaccount:ns:robot", verb, group, resource, "ns", optional, allowed})
	}
	ask("get", "coordination.k8s.io", "leases", "", true)
	want(t, checkRBAC(s))
	ask("watch", "coordination.k8s.io", "leases", "", false)
	ask("delete", "coordination.k8s.io", "leases", "", false)
	ask("watch", "", "pods", "with it, this", false)
	want(t, checkRBAC(s),
		"error component op in namespace ns: system:serviceaccount:ns:robot may not watch,delete leases in namespace ns"+
			" ... | kubectl create role -n ns op-leases --resource leases.coordination.k8s.io --verb watch,delete && kubectl create rolebinding -n ns op-leases --role op-leases --serviceaccount ns:robot",
		"info component op in namespace ns: system:serviceaccount:ns:robot may not watch pods in namespace ns. That is optional: with it, this ... --resource pods --verb watch &&")
}
