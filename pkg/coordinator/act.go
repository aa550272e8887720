package coordinator

import (
	"context"
	"errors"
	"fmt"

	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// act starts what the core says, without waiting for it. The answers come back
// through the queue.
func (c *Coordinator) act(life context.Context, action elect.Action) {
	switch a := action.(type) {
	case elect.StartCampaign:
		c.kinds[a.Shard].campaign(life, a)
	case elect.StopElector:
		c.kinds[a.Shard].stopElector()
	case elect.StartReconciler:
		c.kinds[a.Term.Shard].startReconciler(life, a.Term)
	case elect.Fence:
		c.kinds[a.Term.Shard].fenceOf(a.Term).Limit(a.Until, string(a.Reason))
	case elect.StopReconciler:
		c.kinds[a.Term.Shard].stopReconciler(a)
	case elect.Release:
		c.release(life, a)
	case elect.Check:
		c.start(func() {
			leases, err := c.store.Check(life, a.Term)
			c.queue.put(elect.Checked{Shard: a.Term.Shard, Term: a.Term, Number: a.Number, OK: err == nil, Leases: leases})
		})
	case elect.Evict:
		c.start(func() {
			_ = c.store.Evict(life, a.Lease, a.UID, a.Version) // as below
		})
	case elect.Publish:
		c.publish(life, a.Member)
	case elect.Collect:
		c.start(func() {
			// A failure is reported by the store and tried again by the core.
			_ = c.store.Collect(life, a.Lease, a.UID, a.Version)
		})
	case elect.Stuck:
		c.kinds[a.Term.Shard].stuck(a)
	}
}

func (c *Coordinator) release(life context.Context, a elect.Release) {
	c.start(func() {
		now, err := c.store.Release(life, a.Term, a.Moves)
		if err == nil {
			c.log.Info("Released", "kind", a.Term.Shard.String(), "lease", a.Term.Lease, "term", a.Term.Token(), "reason", a.Reason)
		}
		c.queue.put(elect.Released{Shard: a.Term.Shard, OK: err == nil, Now: now})
	})
}

func (c *Coordinator) publish(life context.Context, member lease.Member) {
	c.member = member
	c.start(func() {
		err := c.store.Publish(life, member)
		if errors.Is(err, ErrIdentityInUse) {
			// Two processes with one identity cannot tell their Leases apart.
			c.fail(fmt.Errorf("kindred: %w", err))
			c.queue.put(elect.Shutdown{Now: true})
		}
		c.queue.put(elect.Published{Phase: member.Phase, OK: err == nil})
	})
}
