package doctor

import (
	"context"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// pods reads the replicas' Pods, one by one: a namespace may have thousands.
func (g *gatherer) pods(ctx context.Context) {
	pods := map[types.NamespacedName]*corev1.Pod{}
	for _, r := range g.state.after.Replicas {
		if !r.Alive || r.Lease == "" {
			continue
		}
		pod, err := g.client.CoreV1().Pods(r.Namespace).Get(ctx, r.Name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			continue // a process that is no Pod, or in another namespace than its Leases
		case err != nil:
			g.miss("names", "get", "pods", err)
			return
		case r.PodUID == "" || string(pod.UID) == r.PodUID:
			pods[types.NamespacedName{Namespace: r.Namespace, Name: r.Name}] = pod
		}
	}
	g.state.pods = pods
}

// accounts finds the ServiceAccounts of each component: those of its Pods, or the one
// that was given.
func (g *gatherer) accounts() {
	s := g.state
	s.accounts = map[component][]types.NamespacedName{}
	for _, c := range s.components() {
		if g.account != "" {
			account := types.NamespacedName{Namespace: c.namespace, Name: g.account}
			if namespace, name, found := strings.Cut(g.account, "/"); found {
				account = types.NamespacedName{Namespace: namespace, Name: name}
			}
			s.accounts[c] = []types.NamespacedName{account}
			continue
		}
		for _, r := range s.replicas(c) {
			pod := s.pods[types.NamespacedName{Namespace: r.Namespace, Name: r.Name}]
			if pod == nil || pod.Spec.ServiceAccountName == "" {
				continue
			}
			account := types.NamespacedName{Namespace: pod.Namespace, Name: pod.Spec.ServiceAccountName}
			if !slices.Contains(s.accounts[c], account) {
				s.accounts[c] = append(s.accounts[c], account)
			}
		}
	}
}
