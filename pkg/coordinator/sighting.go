package coordinator

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/observe"
)

// sighting is what the observer has seen of one ownership Lease: who has it, and
// otherwise since when nobody has. The core judges for itself; this is for people.
type sighting struct {
	self     string
	fallback time.Duration // for a Lease without a duration

	now *lease.Observation // nil when there is no Lease, or none was seen yet
	// free is since when nobody has the shard; zero while somebody has it, or before
	// anything was seen. last is how it came to have no owner, and, when it has one
	// again, for how long it had none.
	free time.Time
	last vacancy
	// said says that changed has told of last.
	said bool
}

// vacancy is a time without an owner.
type vacancy struct {
	from, to string // the owner before and after
	how      observe.Vacancy
	since    time.Time
	without  time.Duration
}

// seen takes in a state of the Lease and says whether another owner, or nobody, has
// the shard now.
func (s *sighting) seen(r lease.Record, at time.Time) (changed bool) {
	old := s.now
	if old != nil && !lease.Newer(r.Version, old.Version) {
		return false
	}
	s.now = &lease.Observation{Record: r, Since: at}
	switch {
	case r.Holder == "":
		if !s.free.IsZero() {
			return false
		}
		if old == nil {
			s.vacate("", observe.Unseen, at)
		} else {
			s.vacate(old.Holder, observe.ByRelease, at)
		}
		return true
	case !s.free.IsZero():
		s.take(r.Holder, at)
		return true
	case old != nil && (old.Holder != r.Holder || old.UID != r.UID || old.Transitions != r.Transitions):
		// From one owner to another, or to the same again, with nothing seen in between:
		// it was not heard of since.
		s.vacate(old.Holder, observe.ByExpiry, old.Since)
		s.take(r.Holder, at)
		return true
	case old == nil:
		s.last = vacancy{to: r.Holder, how: observe.Unseen}
		return r.Holder != ""
	}
	return false
}

// renewed takes in the answer to a renewal of this replica's own.
func (s *sighting) renewed(version string, at time.Time) {
	if s.now != nil && lease.Newer(version, s.now.Version) {
		s.now.Version, s.now.Since = version, at
	}
}

// gone takes in that there is no Lease.
func (s *sighting) gone(version string, at time.Time) (changed bool) {
	old := s.now
	if old != nil && !lease.Newer(version, old.Version) {
		return false
	}
	s.now = nil
	switch {
	case !s.free.IsZero():
		return false
	case old == nil:
		s.vacate("", observe.Unseen, at)
	default:
		s.vacate(old.Holder, observe.ByDeletion, at)
	}
	return true
}

// expire notices that the Lease has run out.
func (s *sighting) expire(now time.Time) (changed bool) {
	if s.now == nil || !s.free.IsZero() || lease.Judge(s.now, s.fallback, now) != lease.Expired {
		return false
	}
	s.vacate(s.now.Holder, observe.ByExpiry, s.now.Since)
	return true
}

func (s *sighting) vacate(from string, how observe.Vacancy, since time.Time) {
	s.free, s.last, s.said = since, vacancy{from: from, how: how, since: since}, false
}

func (s *sighting) take(by string, at time.Time) {
	s.last.to = by
	if s.last.how != observe.Unseen {
		s.last.without = at.Sub(s.free)
	}
	s.free = time.Time{}
}

// watched takes in what the watch over the Leases has told.
func (o *observer) watched(e lease.Event, at time.Time) {
	switch e.Kind {
	case lease.OwnerSeen:
		if a := o.byLease[e.Name]; a != nil && a.seen(e.Record, at) {
			o.changed(a)
		}
	case lease.Gone:
		if a := o.byLease[e.Name]; a != nil && a.gone(e.Version, at) {
			o.changed(a)
		}
	case lease.Synced:
		for _, a := range o.shards {
			if a.now == nil && a.gone(e.Version, at) {
				o.changed(a)
			}
		}
	}
}

// changed tells that another owner, or nobody, has a shard.
func (o *observer) changed(a *account) {
	if !a.said && !a.last.since.IsZero() {
		o.call(observe.Vacant{Shard: a.shard, From: a.last.from, How: a.last.how, Since: a.last.since})
	}
	a.said = true
	if a.free.IsZero() {
		o.call(observe.Taken{Shard: a.shard, By: a.last.to, After: a.last.how, Without: a.last.without})
	}
}
