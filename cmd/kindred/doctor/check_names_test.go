package doctor

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/kindred-k8s/kindred/pkg/inspect"
)

func TestSharedKinds(t *testing.T) {
	want(t, checkNames(stateOf(member("a", "Cache"), member("b", "Cache CACHE"))),
		"error Lease ns/op.cache.example.com: CACHE.example.com and Cache.example.com have one Lease")
	want(t, checkNames(stateOf(member("a", "Cache Queue"), member("b", "Cache"), member("c", "Cache Queue"))))
}

func TestSharedComponents(t *testing.T) {
	want(t, checkNames(stateOf(member("a", "Cache"), member("b", "Queue"))),
		"warning component op in namespace ns: a and b have no kind in common")
	s := stateOf(member("a", "Cache"), member("b", "Cache"), member("c", "Cache"))
	s.pods = map[types.NamespacedName]*corev1.Pod{}
	pod := func(name, kind, owner, hash string) {
		s.pods[types.NamespacedName{Namespace: "ns", Name: name}] = &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
			Name: name, Labels: map[string]string{"pod-template-hash": hash},
			OwnerReferences: []metav1.OwnerReference{{Kind: kind, Name: owner, Controller: ptr.To(true)}},
		}}
	}
	pod("a", "ReplicaSet", "web-1", "1")
	pod("b", "ReplicaSet", "web-2", "2") // a rollout
	want(t, checkNames(s))
	pod("c", "ReplicaSet", "worker-7", "7")
	want(t, checkNames(s),
		"error component op in namespace ns: its replicas belong to Deployment web and Deployment worker")
}

func TestSharedObjects(t *testing.T) {
	s := stateOf(healthy()...)
	s.after.Kinds = append(s.after.Kinds, inspect.Kind{Kind: "Cache", Group: "example.com", Namespace: "other", Component: "op2", Holder: "z_1"})
	want(t, checkNames(s),
		"warning Cache.example.com: it is owned in component op in namespace ns and in component op2 in namespace other")
}
