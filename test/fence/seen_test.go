package fence_test

import (
	"context"
	"errors"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/kindred-k8s/kindred/pkg/fence"
	"github.com/kindred-k8s/kindred/pkg/fence/policy"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// TestWaitUntilSeen: a new owner that has waited is let through, the one before is
// not, and waiting writes nothing.
func TestWaitUntilSeen(t *testing.T) {
	w := newWorld(t, "Topic")
	a, b := w.pod("robot", "robot-a"), w.pod("robot", "robot-b")
	w.give("robot-b_00000000")
	w.seen(a) // no policy: at once
	w.install()
	w.eventually("the policy is in force", func() error { return refused(w.write(a, "x")) })
	wait := func(ctx context.Context, c *client, namespace string) error {
		// As a replica has it: guarded, with its term in the context.
		config, err := fence.Wrap(rest.CopyConfig(c.config), fence.RefuseUnfenced)
		if err != nil {
			t.Fatal(err)
		}
		guarded, err := dynamic.NewForConfig(config)
		if err != nil {
			t.Fatal(err)
		}
		right := fence.New(lease.Term{Shard: lease.ShardOf(w.kind)}, time.Now().Add(time.Minute))
		return policy.WaitUntilSeen(fence.NewContext(ctx, right), guarded, w.resource, namespace)
	}
	const handoffs = 20
	var longest time.Duration
	for i := range handoffs {
		holder, before := a, b
		if i%2 == 1 {
			holder, before = b, a
		}
		version := w.read().GetResourceVersion()
		w.give(holder.pod.Name + "_00000000")
		began := time.Now()
		if err := wait(t.Context(), holder, w.namespace); err != nil {
			t.Fatal(err)
		}
		longest = max(longest, time.Since(began))
		if w.read().GetResourceVersion() != version {
			t.Error("waiting has changed the object")
		}
		// At once, with no second try: that is what was waited for.
		if err := refused(w.write(before, "stale")); err != nil {
			t.Errorf("handoff %d, the old owner: %v", i, err)
		}
		w.mustWrite("the new owner", holder)
	}
	t.Logf("the longest of %d waits took %v", handoffs, longest.Round(100*time.Microsecond))

	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	w.give("robot-c_00000000")
	w.eventually("somebody else's", func() error { return refused(w.write(a, "x")) })
	if err := wait(ctx, a, w.namespace); !errors.Is(err, context.DeadlineExceeded) || refused(err, "the holder is robot-c_00000000") != nil {
		t.Errorf("not an owner: %v", err)
	}
	if err := wait(t.Context(), a, "default"); err == nil {
		t.Error("without the right to list: no error")
	}

	// There is nothing to try it on, and nothing to spoil.
	if err := w.admin.objects.Delete(t.Context(), w.object, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	w.seen(a)
}
