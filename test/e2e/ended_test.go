package e2e

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// report writes a container's state into its Pod, as the kubelet does.
func (f *fleet) report(pod *corev1.Pod, phase corev1.PodPhase, state corev1.ContainerState) {
	f.t.Helper()
	pods := plane.client.CoreV1().Pods(pod.Namespace)
	now, err := pods.Get(f.t.Context(), pod.Name, metav1.GetOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
	now.Status.Phase = phase
	now.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "main", State: state}}
	if _, err := pods.UpdateStatus(f.t.Context(), now, metav1.UpdateOptions{}); err != nil {
		f.t.Fatal(err)
	}
}

func running() corev1.ContainerState {
	return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}}
}

func terminated() corev1.ContainerState {
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 137, FinishedAt: metav1.Now()}}
}

// podFleet is a settled fleet of n replicas in Pods of their own, with Leases that
// last much longer than any other wait in the test.
func podFleet(t *testing.T, n int, grants ...func(*fleet)) (*fleet, map[string]*corev1.Pod) {
	t.Helper()
	f := newFleet(t, func(f *fleet) { f.timing = defaults })
	f.account(nil)
	f.grantLeases()
	f.grantKinds()
	for _, grant := range grants {
		grant(f)
	}
	pods := map[string]*corev1.Pod{}
	for _, name := range names(n) {
		pods[name] = f.launchPod(name)
		f.report(pods[name], corev1.PodRunning, running())
	}
	f.settle()
	return f, pods
}

// soon is much less than a Lease lasts, and more than everything else takes.
const soon = 8 * time.Second

// TestContainerEnded: what a replica owned whose container the kubelet reports ended
// is taken over at once.
func TestContainerEnded(t *testing.T) {
	t.Parallel()
	f, pods := podFleet(t, 3, func(f *fleet) { f.grantPods() })
	for _, end := range []struct {
		name  string
		phase corev1.PodPhase
	}{{"op-1", corev1.PodRunning}, {"op-2", corev1.PodFailed}} {
		mark, handed := f.journal.mark(), f.kindsOf(end.name)
		f.kill(end.name)
		f.report(pods[end.name], end.phase, terminated())
		f.settle()
		for _, kind := range handed {
			gap, taken := f.journal.gaps(mark)[kind]
			t.Logf("%s was taken over %v after the container of %s had ended", kind, gap.Round(time.Millisecond), end.name)
			if !taken || gap > soon {
				t.Errorf("want it taken over within %v, and not when its Lease has expired", soon)
			}
		}
	}
	f.stop(f.names()...)
	f.wantNothingRefused()
}

// TestPodsProveNothing: a Pod that is deleted, one that the control plane has given
// up, and one about which nothing is said may still run. Their Leases must expire.
func TestPodsProveNothing(t *testing.T) {
	t.Parallel()
	f, pods := podFleet(t, 4, func(f *fleet) { f.grantPods() })
	mark := f.journal.mark()
	var handed []string
	for _, name := range []string{"op-1", "op-2", "op-3"} {
		handed = append(handed, f.kindsOf(name)...)
		f.kill(name)
	}
	f.report(pods["op-2"], corev1.PodFailed, running()) // as the Pod garbage collector does for a node that is gone
	now := int64(0)
	if err := plane.client.CoreV1().Pods(f.namespace).Delete(t.Context(), "op-1", metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		t.Fatal(err)
	}
	f.settle()
	gaps := f.journal.gaps(mark)
	for _, kind := range handed {
		if least := f.timing.LeaseDuration - f.timing.RetryPeriod - time.Second; gaps[kind] < least {
			t.Errorf("%s was taken over after %v, want at least %v", kind, gaps[kind], least)
		}
	}
}

// TestContainerStartsAgain: a process takes back at once what an earlier one of its
// container owned; it needs no permission for that.
func TestContainerStartsAgain(t *testing.T) {
	t.Parallel()
	f, pods := podFleet(t, 3)
	mark, handed := f.journal.mark(), f.kindsOf("op-1")
	f.kill("op-1")
	f.launchIn(pods["op-1"])
	f.settle()
	gaps := f.journal.gaps(mark)
	for _, kind := range handed {
		t.Logf("%s was taken back after %v", kind, gaps[kind].Round(time.Millisecond))
		if gaps[kind] > soon || f.owner(kind) != "op-1" {
			t.Errorf("%s went to %s after %v, want it back within %v", kind, f.owner(kind), gaps[kind], soon)
		}
	}
	// That the Pods cannot be seen has been said, once.
	const said = "the Leases of a replica that has crashed are left to expire"
	if n := strings.Count(f.live["op-0"].said(), said); n != 1 {
		t.Errorf("op-0 says %d times that %s, want once", n, said)
	}
}

// TestDeletionCost: the annotation of each Pod is the number of kinds that it owns.
func TestDeletionCost(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.account(nil)
	f.grantLeases()
	f.grantKinds()
	f.grantPods(func(role *rbacv1.Role) { role.Rules[0].Verbs = append(role.Rules[0].Verbs, "patch") })
	for _, name := range names(3) {
		f.launchPod(name, "--pod-deletion-cost")
	}
	costs := func() {
		f.settle()
		within(t, settleTimeout, "the deletion cost of each Pod", func(ctx context.Context) error {
			for _, name := range f.names() {
				pod, err := plane.client.CoreV1().Pods(f.namespace).Get(ctx, name, metav1.GetOptions{})
				if err != nil {
					return err
				}
				if got, want := pod.Annotations[corev1.PodDeletionCost], strconv.Itoa(len(f.kindsOf(name))); got != want {
					return fmt.Errorf("%s has the deletion cost %q and owns %s", name, got, want)
				}
			}
			return nil
		})
	}
	costs()
	f.stop("op-1")
	costs()
}
