//go:build deploy

package deploy

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/observe/events"
)

// TestDeployment deploys config/ and goes through what happens to Pods, in an order in which each step begins with what
// the one before has left. All along, objects of each kind change, and the history of who wrote what must be right.
func TestDeployment(t *testing.T) {
	mustKubectl(t, "apply", "-k", "config/")
	mustKubectl(t, "create", "namespace", objects)
	mustKubectl(t, "apply", "-n", objects, "-k", "config/samples")
	t.Cleanup(func() { tidy(t) })
	mustKubectl(t, "rollout", "status", "-n", namespace, deployment, "--timeout", patience.String())
	split := settled(t, 5)
	t.Logf("five Pods own five kinds: %v", split)
	reconciled(t)
	r := record(t)
	keepBusy(t)

	for _, step := range []struct {
		name string
		run  func(*testing.T, *recorder)
		here bool // it sends signals to processes, or takes the only node away
	}{
		{"a Pod is deleted", podDeleted, false},
		{"a rollout", rollout, false},
		{"the Deployment is scaled", scaled, false},
		{"a node is drained", drained, true},
		{"a container is killed", containerKilled, true},
		{"what the documentation says of logs and Events", documented, false},
		{"nothing is forbidden", nothingForbidden, true},
		{"a container is stopped", containerStopped, true},
	} {
		ok := t.Run(step.name, func(t *testing.T) {
			if step.here && target.node == nil {
				t.Skip("only on the node that this test has started")
			}
			began := time.Now()
			step.run(t, r)
			t.Logf("%s: %.1f s", step.name, time.Since(began).Seconds())
		})
		if !ok {
			break
		}
	}
	reconciled(t)
	h := r.history()
	for _, wrong := range h.Check() {
		t.Error(wrong)
	}
	writes := 0
	for _, e := range h {
		if e.Object != "" {
			writes++
		}
	}
	if writes < 100 {
		t.Errorf("there are %d writes in the history: it proves little", writes)
	}
	t.Logf("%d writes of a status, each by the holder of the kind's Lease", writes)
}

// tidy removes what can be: the policy kindred-lease-watch stays, as it says itself.
func tidy(t *testing.T) {
	if target.node != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, args := range [][]string{
		{"delete", "-k", "config/default", "--ignore-not-found"},
		{"delete", "namespace", objects, "--ignore-not-found"},
		{"delete", "validatingadmissionpolicies,validatingadmissionpolicybindings", "-l", "kindred.dev/component=sample-operator"},
	} {
		if _, err := kubectl(ctx, args...); err != nil {
			t.Error(err)
		}
	}
}

// podDeleted: its kind is handed over, and the Pod that takes its place gets one.
func podDeleted(t *testing.T, r *recorder) {
	before := r.history().Last()
	pod := owner(t, "Queue")
	mustKubectl(t, "delete", "pod", "-n", namespace, pod.Name)
	if split := settled(t, 5); split["Queue"] == pod.Name {
		t.Errorf("%s owns Queue after it was deleted", pod.Name)
	}
	atMost(t, r, before, 2)
}

// rollout: each kind moves to the new revision, once or twice.
func rollout(t *testing.T, r *recorder) {
	before := r.history().Last()
	old := map[types.UID]bool{}
	for _, p := range mustPods(t) {
		old[p.UID] = true
	}
	mustKubectl(t, "rollout", "restart", "-n", namespace, deployment)
	mustKubectl(t, "rollout", "status", "-n", namespace, deployment, "--timeout", patience.String())
	settled(t, 5)
	for _, p := range mustPods(t) {
		if old[p.UID] {
			t.Errorf("Pod %s is of the old revision", p.Name)
		}
	}
	atMost(t, r, before, 2)
}

// scaled: more replicas than kinds, then fewer. Where several stop at once a kind may go to one that is about to, and so
// once more than in a rollout.
func scaled(t *testing.T, r *recorder) {
	for _, n := range []int{7, 3, 5} {
		before := r.history().Last()
		mustKubectl(t, "scale", "-n", namespace, deployment, fmt.Sprintf("--replicas=%d", n))
		settled(t, n)
		atMost(t, r, before, 3)
	}
}

// atMost checks how often each kind has moved since.
func atMost(t *testing.T, r *recorder, since int64, most int) {
	t.Helper()
	moves := r.history().Moves(since)
	for kind, n := range moves {
		if n > most {
			t.Errorf("%s has moved %d times", kind, n)
		}
	}
	t.Logf("moves: %v", moves)
}

// drained: one Pod is evicted and has no place to go; the next eviction is refused until it has.
func drained(t *testing.T, r *recorder) {
	before := r.history().Last()
	evict := func(ctx context.Context, pod corev1.Pod) error {
		eviction := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: namespace}}
		return target.client.PolicyV1().Evictions(namespace).Evict(ctx, eviction)
	}
	node := mustPods(t)[0].Spec.NodeName
	mustKubectl(t, "cordon", node)
	t.Cleanup(func() { _, _ = kubectl(context.Background(), "uncordon", node) })
	first, second := owner(t, "Database"), owner(t, "Topic")
	within(t, patience, "the budget to allow an eviction", func(ctx context.Context) error { return evict(ctx, first) })
	within(t, patience, "the kind of the evicted Pod to have another owner", func(ctx context.Context) error {
		if split, err := owners(ctx); err != nil || split["Database"] == "" || split["Database"] == first.Name {
			return fmt.Errorf("the owners are %v (%v)", split, err)
		}
		return nil
	})
	if err := evict(t.Context(), second); !apierrors.IsTooManyRequests(err) {
		t.Errorf("a second eviction while a Pod is missing: %v, want one that is refused by the PodDisruptionBudget", err)
	}
	mustKubectl(t, "uncordon", node)
	settled(t, 5)
	within(t, patience, "the budget to allow the second eviction", func(ctx context.Context) error { return evict(ctx, second) })
	settled(t, 5)
	atMost(t, r, before, 2*2)
}

// documented: what docs/operations.md and docs/observe.md tell to look for is there.
func documented(t *testing.T, _ *recorder) {
	all := logs(t)
	for _, line := range []string{
		`"Joined"`,
		`"Elected: starting the reconciler"`,
		`"Term ends: stopping the reconciler"`,
		`moved to balance the split`,
	} {
		if !strings.Contains(all, line) {
			t.Errorf("no log has %s", line)
		}
	}
	out := mustKubectl(t, "get", "leases", "-n", namespace, "-l", "kindred.dev/role=owner", "-L", "kindred.dev/kind", "--no-headers")
	if lines := strings.Count(out, "\n"); lines != len(sample.Kinds) {
		t.Errorf("the ownership Leases are\n%s", out)
	}
	told(t)
	if t.Failed() {
		_, _ = io.WriteString(t.Output(), all)
	}
}

// told: there are Events about each kind's Lease, and about the Pods that had it.
func told(t *testing.T) {
	t.Helper()
	list, err := target.client.EventsV1().Events(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	leases, pods := map[string]map[string]bool{}, 0
	for _, e := range list.Items {
		switch {
		case e.ReportingController != events.Reporter:
		case e.Regarding.Kind == "Pod":
			pods++
		case e.Regarding.Kind == "Lease":
			if leases[e.Regarding.Name] == nil {
				leases[e.Regarding.Name] = map[string]bool{}
			}
			leases[e.Regarding.Name][e.Reason] = true
		}
	}
	for _, kind := range sample.Kinds {
		name, err := lease.ShardOf(kind).Name("sample-operator")
		if err != nil {
			t.Fatal(err)
		}
		for _, reason := range []string{events.Elected, events.HandedOver} {
			if !leases[name][reason] {
				t.Errorf("no Event says %s of Lease %s", reason, name)
			}
		}
	}
	if pods == 0 {
		t.Error("no Event is about a Pod")
	}
}
