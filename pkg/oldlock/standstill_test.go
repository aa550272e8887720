package oldlock_test

import (
	"context"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"

	"github.com/kindred-k8s/kindred/pkg/oldlock"
)

// client is a replica's way to the Leases.
type client struct {
	coordinationv1client.LeasesGetter
	coordinationv1client.LeaseInterface
	r *replica
}

func (c *client) Leases(namespace string) coordinationv1client.LeaseInterface {
	c.LeaseInterface = c.LeasesGetter.Leases(namespace)
	return c
}

func (c *client) Update(ctx context.Context, l *coordinationv1.Lease, o metav1.UpdateOptions) (*coordinationv1.Lease, error) {
	updated, err := c.LeaseInterface.Update(ctx, l, o)
	time.Sleep(c.r.stands)
	c.r.stands = 0
	return updated, err
}

// A replica that stands still after it has taken the lock, for longer than that lasts,
// finds on waking that it may not begin.
func TestStoodStillWhileTaking(t *testing.T) {
	inBubble(t, func(w *world) {
		first := w.old("old-0", true)
		time.Sleep(5 * time.Second)
		a := w.new("new-0", func(r *replica, _ *oldlock.Options) { r.stands = time.Minute })
		time.Sleep(5 * time.Second)
		_ = first.stop()
		time.Sleep(timing.RetryPeriod)
		w.want()
		second := w.old("old-1", true)
		time.Sleep(2 * time.Minute)
		w.want("old-1")
		_ = second.stop()
		time.Sleep(2 * timing.RetryPeriod)
		w.want("new-0")
		if err := a.stop(); err != nil {
			t.Error(err)
		}
	})
}
