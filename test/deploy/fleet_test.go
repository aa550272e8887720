//go:build deploy

package deploy

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// What config/ installs.
const (
	namespace  = "kindred-sample"
	deployment = "deployment/sample-operator"
	account    = "sample-operator"
	program    = "sample-operator"
	podLabels  = "app.kubernetes.io/name=sample-operator"
)

// patience is how long a test waits for what must happen. The machine may be busy with other things.
const patience = 3 * time.Minute

// within polls until check returns nil, and fails the test when it does not in time.
func within(t *testing.T, limit time.Duration, what string, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check(ctx)
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: not within %v: %v", what, limit, err)
		}
	}
}

// pods returns the Pods that are not being deleted.
func pods(ctx context.Context) ([]corev1.Pod, error) {
	list, err := target.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: podLabels})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list.Items, func(p corev1.Pod) bool { return p.DeletionTimestamp != nil }), nil
}

func mustPods(t *testing.T) []corev1.Pod {
	t.Helper()
	list, err := pods(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func ready(p corev1.Pod) bool {
	return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// kindLeases returns the Leases of the kinds.
func kindLeases(ctx context.Context) ([]coordinationv1.Lease, error) {
	list, err := target.client.CoordinationV1().Leases(namespace).List(ctx, metav1.ListOptions{LabelSelector: lease.LabelRole + "=" + lease.RoleOwner})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// owners returns the Pod that holds each kind's Lease.
func owners(ctx context.Context) (map[string]string, error) {
	leases, err := kindLeases(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, l := range leases {
		if h := l.Spec.HolderIdentity; h != nil && *h != "" {
			all[l.Labels[lease.LabelKind]] = lease.PodName(*h)
		}
	}
	return all, nil
}

// restless returns the kinds that have been moved twice lately. After a rollout they stay for ten minutes, at the price of
// a split that is less even (docs/design.md, "A rolling update").
func restless(ctx context.Context) (map[string]bool, error) {
	leases, err := kindLeases(ctx)
	if err != nil {
		return nil, err
	}
	kinds := map[string]bool{}
	for _, l := range leases {
		if moves, err := strconv.Atoi(l.Annotations[lease.AnnotationMoves]); err == nil && moves > 1 {
			kinds[l.Labels[lease.LabelKind]] = true
		}
	}
	return kinds, nil
}

// calm is how long a split that is not even must have stayed for nothing to be on its way any more.
const calm = 20 * time.Second

// settled waits until n Pods are ready and each owns its share of the kinds, or more only because of a restless one, and
// returns the owners.
func settled(t *testing.T, n int) (split map[string]string) {
	t.Helper()
	var last map[string]string
	since := time.Now()
	within(t, patience, fmt.Sprintf("%d Pods to share the kinds", n), func(ctx context.Context) (err error) {
		list, err := pods(ctx)
		if err != nil {
			return err
		}
		owned := map[string]int{}
		for _, p := range list {
			if !ready(p) {
				return fmt.Errorf("Pod %s is not ready", p.Name)
			}
			owned[p.Name] = 0
		}
		if len(owned) != n {
			return fmt.Errorf("there are %d Pods", len(owned))
		}
		if split, err = owners(ctx); err != nil {
			return err
		}
		if len(split) != len(sample.Kinds) {
			return fmt.Errorf("owned are %v", split)
		}
		for kind, pod := range split {
			if _, live := owned[pod]; !live {
				return fmt.Errorf("%s is owned by %s, which is no Pod of the Deployment", kind, pod)
			}
			owned[pod]++
		}
		if !maps.Equal(split, last) {
			last, since = split, time.Now()
		}
		stay, err := restless(ctx)
		if err != nil {
			return err
		}
		excused := time.Since(since) > calm && len(stay) > 0
		for pod, count := range owned {
			least := len(split) / n
			most := (len(split) + n - 1) / n
			for kind := range stay {
				if excused && split[kind] == pod && count > most {
					t.Logf("%s owns %d kinds, of which %s was moved twice", pod, count, kind)
					count = most
				}
			}
			if count > most || count < least && !excused {
				return fmt.Errorf("%s owns %d of %d kinds: %v", pod, count, len(split), split)
			}
		}
		return nil
	})
	return split
}

// reconciled waits until the status of each kind's object that changes is the owner's.
func reconciled(t *testing.T) {
	t.Helper()
	within(t, patience, "the owners to write each status", func(ctx context.Context) error {
		split, err := owners(ctx)
		if err != nil {
			return err
		}
		for _, kind := range sample.Kinds {
			object, err := target.objects.Resource(sample.GVR(kind)).Namespace(objects).Get(ctx, changes[kind.Kind].object, metav1.GetOptions{})
			if err != nil {
				return err
			}
			status, _ := object.Object["status"].(map[string]any)
			if status["pod"] != split[kind.Kind] || status["phase"] != "Ready" {
				return fmt.Errorf("%s is owned by %s, and the status of %s is %v", kind.Kind, split[kind.Kind], object.GetName(), status)
			}
		}
		return nil
	})
}

// owner returns a kind's owner.
func owner(t *testing.T, kind string) corev1.Pod {
	t.Helper()
	split, err := owners(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list := mustPods(t)
	i := slices.IndexFunc(list, func(p corev1.Pod) bool { return p.Name == split[kind] })
	if i < 0 {
		t.Fatalf("%s is owned by %q, which is no Pod", kind, split[kind])
	}
	return list[i]
}

// logs returns what all Pods have logged.
func logs(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, p := range mustPods(t) {
		all.WriteString(mustKubectl(t, "logs", "-n", namespace, p.Name))
	}
	return all.String()
}
