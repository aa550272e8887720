package inspect

import (
	"fmt"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// TestNodes: each replica's Pod is asked for once, a Pod of that name that is another
// one says nothing, and a replica need not be a Pod.
func TestNodes(t *testing.T) {
	pod := func(name, uid string) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, UID: types.UID(uid)}, Spec: corev1.PodSpec{NodeName: "node-" + name}}
	}
	of := func(uid string) func(*lease.Member) { return func(m *lease.Member) { m.PodUID = uid } }
	client := fake.NewClientset(pod("a", "1"), pod("b", "9"), pod("c", "3"))
	nodes := NewNodes(client.CoreV1())
	for range 2 {
		s := Build([]coordinationv1.Lease{
			owned(t, "Database", "a"), member(t, "a", "Database", of("1")), member(t, "b", "", of("2")),
			member(t, "c", ""), member(t, "process", ""), old(member(t, "dead", "")),
		}, now)
		s.FillNodes(t.Context(), nodes)
		got := s.Kinds[0].Node
		for _, r := range s.Replicas {
			got += fmt.Sprintf(" %s=%s", r.Name, r.Node)
		}
		if want := "node-a a=node-a b= c=node-c dead= process="; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if n := len(client.Actions()); n != 5 { // b's twice: its Pod may still come
		t.Errorf("%d requests, want 5: %v", n, client.Actions())
	}
}

// TestNodesWithoutPermission is no failure, and asks once.
func TestNodesWithoutPermission(t *testing.T) {
	client := fake.NewClientset()
	client.PrependReactor("get", "pods", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(corev1.Resource("pods"), "a", nil)
	})
	s := Build(fleetOf(t, "a: Database", "b: Queue"), now)
	s.FillNodes(t.Context(), NewNodes(client.CoreV1()))
	if s.Kinds[0].Node != "" || len(client.Actions()) != 1 {
		t.Errorf("node %q after %v", s.Kinds[0].Node, client.Actions())
	}
}
