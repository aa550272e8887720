package fence_test

import (
	"errors"
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/fence/policy"
)

// TestInstalledAgain: policies that were taken away and are installed again judge by
// the Leases as they are.
func TestInstalledAgain(t *testing.T) {
	w := newWorld(t, "Database")
	a, b := w.takeAwayAndInstallAgain()
	w.eventually("the owner", func() error { return w.write(b, "b") })
	w.mustRefuse("the owner before", a)
}

// TestWithoutLeaseWatch shows what policy.LeaseWatch is for, in a cluster of its own,
// because only a restart mends an API server after this.
func TestWithoutLeaseWatch(t *testing.T) {
	t.Setenv("KINDRED_TEST_KUBECONFIG", "")
	c, err := start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	w := newWorldIn(t, c, "Database")
	a, b := w.takeAwayAndInstallAgain()
	// Long after any watch would have caught up.
	time.Sleep(time.Second)
	if err := refused(w.write(b, "b"), "the holder is robot-a_1f2e3d4c"); err != nil {
		t.Errorf("the owner: %v: if Kubernetes has been mended (kubernetes/kubernetes#130887), policy.LeaseWatch has had its time", err)
	}
	w.mustWrite("the owner before, by the old Lease", a)
	if err := create(t.Context(), w.admin, policy.LeaseWatch()); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * refresh)
	if err := refused(w.write(b, "b")); err != nil {
		t.Errorf("installing it afterwards helps; say so in docs/fence-server.md: %v", err)
	}

	if err := c.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.eventually("after a restart the owner", func() error { return w.write(b, "b") })
	w.mustRefuse("after a restart the owner before", a)
}

// refresh is more than the time within which an API server puts policies into force
// or out of it.
const refresh = 1500 * time.Millisecond

// takeAwayAndInstallAgain has a policy in force for two times, and hands the kind
// over from the first Pod to the second in between.
func (w *world) takeAwayAndInstallAgain() (a, b *client) {
	w.t.Helper()
	a, b = w.pod("robot", "robot-a"), w.pod("robot", "robot-b")
	w.give("robot-a_1f2e3d4c")
	w.install()
	w.eventually("the policy is in force", func() error { return refused(w.write(b, "x")) })
	w.uninstall("kindred-status." + w.namespace + "." + w.lease)
	w.eventually("the policy is out of force", func() error { return w.write(b, "x") })
	// What ends with the policy may end a little later.
	time.Sleep(refresh)
	w.give("robot-b_5a6b7c8d")
	w.install()
	w.eventually("a policy is in force again", func() error {
		if refused(w.write(a, "x")) == nil || refused(w.write(b, "x")) == nil {
			return nil
		}
		return errors.New("both write")
	})
	return a, b
}
