package fence_test

import (
	"net/http"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"github.com/kindred-k8s/kindred/pkg/fence/policy"
)

// TestStoppedBetweenCheckAndWrite is the case that no client-side check can cover. A
// process verifies that it may write, and is then stopped (SIGSTOP), as a machine
// that is paused or swaps stops it. Another Pod takes the Lease over and works. Then
// the process goes on, with the next thing that it was to do: its write.
func TestStoppedBetweenCheckAndWrite(t *testing.T) {
	w := newWorld(t, "Queue")
	a, b := w.pod("robot", "robot-a"), w.pod("robot", "robot-b")

	// Without the policy the stale write goes through, although the client's own
	// fence guards it. Were it not so, the second half would prove nothing.
	t.Run("without the policy", func(t *testing.T) {
		answer, before, after := w.in(t).stopAndGoOn(a, b)
		if answer.Code != http.StatusOK || phase(after) != "robot-a" {
			t.Errorf("the stale write was answered %+v, and the status is %q: this test cannot fail", answer, phase(after))
		}
		if before.GetResourceVersion() == after.GetResourceVersion() {
			t.Error("the object is unchanged")
		}
	})
	t.Run("with the policy", func(t *testing.T) {
		w := w.in(t)
		w.give("robot-b_00000000")
		w.install()
		w.eventually("the policy is in force", func() error { return refused(w.write(a, "x")) })
		answer, before, after := w.stopAndGoOn(a, b)
		if answer.Code != http.StatusForbidden {
			t.Errorf("the stale write was answered %d, want 403", answer.Code)
		}
		if err := refused(answer.err(), "this is Pod robot-a and the holder is robot-b_5a6b7c8d"); err != nil {
			t.Error(err)
		}
		if phase(after) != "robot-b" || before.GetResourceVersion() != after.GetResourceVersion() {
			t.Errorf("the status is %q, the resourceVersion was %s and is %s", phase(after), before.GetResourceVersion(), after.GetResourceVersion())
		}
	})
}

func phase(object *unstructured.Unstructured) string {
	text, _, _ := unstructured.NestedString(object.Object, "status", "phase")
	return text
}

// stopAndGoOn gives the Lease to a, whose process stops just before its write, then
// to b, which writes, and lets a's process go on. It returns what a was answered and
// the object before a went on and after.
func (w *world) stopAndGoOn(a, b *client) (answer, *unstructured.Unstructured, *unstructured.Unstructured) {
	w.t.Helper()
	w.give("robot-a_1f2e3d4c")
	w.eventually("the first owner writes", func() error { return w.write(a, "at first") })
	process := w.startWriter(a, "robot-a_1f2e3d4c")
	process.waitStopped()
	if got := phase(w.read()); got != "at first" {
		w.t.Fatalf("the process has written before it stopped: %q", got)
	}

	w.give("robot-b_5a6b7c8d")
	w.seen(b)
	w.mustWrite("robot-b", b)
	before := w.read()

	return process.goOn(), before, w.read()
}

// seen waits, as a new owner does, until the API server has seen its Lease.
func (w *world) seen(c *client) {
	w.t.Helper()
	client, err := dynamic.NewForConfig(c.config)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := policy.WaitUntilSeen(w.t.Context(), client, w.resource, w.namespace); err != nil {
		w.t.Fatal(err)
	}
}
