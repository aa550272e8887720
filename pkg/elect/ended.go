package elect

import (
	"cmp"
	"maps"
	"slices"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// A Lease normally has to be watched until it expires. Two things spare that wait,
// because they say that the process which holds it runs no more: a later process of
// the same container of the same Pod, and the kubelet's word (lease.Pod.Ended). The
// process's last writes may still be on their way; they carry a version, or a term
// that the fence of the API server knows.

// reckonEnded finds the members whose processes are known to run no more.
func (c *Core) reckonEnded() {
	c.reckon = false
	if !c.synced {
		return
	}
	ended := map[string]bool{}
	latest := map[place]*lease.MemberObservation{}
	for _, m := range c.members {
		if m.PodUID == "" || m.Identity == c.config.Identity {
			continue
		}
		if c.pods[m.PodUID].Ended(m.Member) {
			ended[m.Identity] = true
		}
	}
	for _, m := range c.members {
		if at := placeOf(m.Member); at.pod != "" && (latest[at] == nil || m.Started > latest[at].Started) {
			latest[at] = m
		}
	}
	for _, m := range c.members {
		next := latest[placeOf(m.Member)]
		// One that still renews although another says that it came after it is alive:
		// somebody has given two processes one container's name.
		if next != nil && next.Started > m.Started && !m.Since.After(next.First) {
			ended[m.Identity] = true
		}
	}
	delete(ended, c.config.Identity)
	if !maps.Equal(ended, c.ended) {
		c.ended, c.planStale = ended, true
	}
}

// place is where processes follow one another.
type place struct{ pod, container string }

func placeOf(m lease.Member) place { return place{m.PodUID, m.Container} }

func (c *Core) podSeen(p lease.Pod) {
	c.pods[p.UID] = p
	c.reckon = true
	if len(c.pods) < 2*len(c.members)+manyPods {
		return
	}
	replicas := map[string]bool{p.UID: true}
	for _, m := range c.members {
		replicas[m.PodUID] = true
	}
	maps.DeleteFunc(c.pods, func(uid string, _ lease.Pod) bool { return !replicas[uid] })
}

// manyPods is how many Pods without a replica are remembered at least: a Pod may be
// told of before its replica is.
const manyPods = 100

// judged says what a Lease means to this replica now: a holder that is known to
// have ended holds it no longer.
func (c *Core) judged(seen *lease.Observation) lease.State {
	state := lease.Judge(seen, c.config.Timing.LeaseDuration, c.now)
	if state == lease.Held && c.ended[seen.Holder] {
		return lease.Expired
	}
	return state
}

// successor returns the process that has come after one that ended in the same
// container, if it is to be given what that one owned; otherwise "". After several
// crashes it is not.
func (c *Core) successor(identity string) string {
	var old, next *lease.MemberObservation
	for _, m := range c.members {
		if m.Identity == identity {
			old = m
		}
	}
	if old == nil || old.PodUID == "" {
		return ""
	}
	for _, m := range c.members {
		if placeOf(m.Member) == placeOf(old.Member) && m.Started > old.Started && (next == nil || m.Started > next.Started) {
			next = m
		}
	}
	if next == nil || c.ended[next.Identity] || next.Phase == lease.Draining || next.Phase == lease.Starting && next.Crashes > 1 {
		return ""
	}
	return next.Identity
}

// servedBefore returns what an earlier process of a member's container served: one
// that has just started will say the same.
func (c *Core) servedBefore(m lease.Member) []lease.Served {
	if m.PodUID == "" {
		return nil
	}
	for _, before := range c.members {
		if c.ended[before.Identity] && placeOf(before.Member) == placeOf(m) && c.successor(before.Identity) == m.Identity {
			return before.Serves
		}
	}
	return nil
}

// startsAgain says whether this process is to wait before it says that it is ready:
// until it serves what an earlier one of its container served, so that it keeps what
// that one owned, but no longer than one retry period.
func (c *Core) startsAgain(m lease.Member) bool {
	before := c.servedBefore(m)
	for _, served := range before {
		if !slices.ContainsFunc(m.Serves, func(s lease.Served) bool { return s.Shard == served.Shard }) {
			return !c.due(c.syncedAt.Add(c.config.Timing.RetryPeriod))
		}
	}
	return false
}

// inherit takes over what earlier processes of this container have left, when the
// Leases are seen for the first time.
func (c *Core) inherit() {
	if !c.syncedAt.IsZero() {
		return
	}
	c.syncedAt = c.now
	if c.config.PodUID == "" {
		return
	}
	var before []*lease.MemberObservation
	for _, m := range c.members {
		if m.PodUID == c.config.PodUID && m.Container == c.config.Container && m.Identity != c.config.Identity {
			before = append(before, m)
		}
	}
	if len(before) == 0 {
		return
	}
	last := slices.MaxFunc(before, func(a, b *lease.MemberObservation) int {
		return cmp.Or(cmp.Compare(a.Started, b.Started), cmp.Compare(a.Identity, b.Identity))
	})
	c.joined = last.JoinedAt()
	if last.Phase != lease.Draining {
		c.crashes = last.Crashes + 1
	}
	if c.crashes > 1 {
		c.distrusted = c.now.Add(backoff(firstDistrust, lastDistrust, c.crashes-1))
	}
}
