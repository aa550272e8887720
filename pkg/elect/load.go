package elect

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Learned weights. An owner is told how busy the reconciler of a shard was, and
// smooths it; the weight is a base, because no kind costs nothing, and the thousandths
// of a worker that were busy. It is published only when it has changed by half, and
// the plan moves a shard only for a gain that is worth it (package assign), so that
// what comes and goes moves nothing.
const (
	baseWeight = 50
	// loadWindow is how long a change of load takes to be believed, firstLoad how long
	// must be measured before anything is.
	loadWindow = 5 * time.Minute
	firstLoad  = time.Minute
)

// load takes in how long the shard's reconciler was busy, all its workers together,
// in the time since the last such event.
func (c *Core) load(s *shard, e Load) {
	if !s.learn || s.phase != Owning || e.Over <= 0 {
		return
	}
	sample := float64(e.Busy) / float64(e.Over)
	s.measured += e.Over
	// The mean of all that was measured, until that fills the window.
	share := float64(e.Over) / float64(min(s.measured, loadWindow))
	s.busy += min(share, 1) * (sample - s.busy)
	weight := baseWeight + int64(1000*s.busy)
	if s.measured >= firstLoad && (2*weight > 3*s.weight || 3*weight < 2*s.weight) {
		s.weight, c.planStale = weight, true
	}
}

// adopt remembers what the owners of shards have measured, for the time when they
// are gone.
func (c *Core) adopt(m lease.Member) {
	if !c.learns {
		return
	}
	for _, served := range m.Serves {
		s := c.byKey[served.Shard]
		if s == nil || !s.learn || s.hasTerm() {
			continue
		}
		if seen := c.leases[s.lease]; seen != nil && seen.Holder == m.Identity {
			s.weight = served.Weight
		}
	}
}
