package sim

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// view is what a process has been told, kept by the checker from the same events
// that the core was given, in the plainest way.
type view struct {
	members map[string]lease.MemberObservation
	owners  map[string]lease.Observation
	// informed are the deleted terms of which the process had seen the last state.
	informed map[string]bool
}

func (v *view) init() {
	v.members, v.owners = map[string]lease.MemberObservation{}, map[string]lease.Observation{}
	v.informed = map[string]bool{}
}

// observe takes in an event that the core is about to be given.
func (p *process) observe(event elect.Event) {
	v := &p.view
	switch e := event.(type) {
	case elect.Watched:
		v.watched(p, e)
	case elect.Serves:
		k := p.kindOf(e.Shard)
		if e.OK && !k.served {
			k.servedSince = p.w.now
		}
		k.served = e.OK
	case elect.Acquired:
		k := p.kindOf(e.Term.Shard)
		term := e.Term
		k.holds, k.sentAt = &term, e.SentAt
		v.own(p, k, e.Version)
	case elect.Renewed:
		k := p.kindOf(e.Shard)
		if e.SentAt.After(k.sentAt) {
			k.sentAt = e.SentAt
		}
		if k.holds != nil {
			v.own(p, k, e.Version)
		}
	case elect.LockLost:
		p.kindOf(e.Shard).holds = nil
	case elect.ElectorEnded:
		p.kindOf(e.Shard).electorFailed = true
	}
}

func (v *view) own(p *process, k *kind, version string) {
	if number(version) > number(v.owners[k.name].Version) {
		r := lease.Record{UID: k.holds.UID, Version: version, Holder: p.identity, Duration: p.config.Timing.LeaseDuration, Transitions: k.holds.Transitions}
		v.owners[k.name] = lease.Observation{Record: r, Since: p.local()}
	}
}

func (v *view) watched(p *process, e elect.Watched) {
	version := number(e.Version)
	switch e.Kind {
	case lease.MemberSeen:
		if version > number(v.members[e.Name].Version) {
			m := e.Member
			m.Since = p.local()
			v.members[e.Name] = m
		}
	case lease.OwnerSeen:
		if version > number(v.owners[e.Name].Version) {
			v.owners[e.Name] = lease.Observation{Record: e.Record, Since: p.local()}
		}
	case lease.Gone:
		if old, known := v.members[e.Name]; known && version > number(old.Version) {
			delete(v.members, e.Name)
		}
		if old, known := v.owners[e.Name]; known && version > number(old.Version) {
			p.w.check.toldGone(p, e.Name, old)
			delete(v.owners, e.Name)
		}
	}
}

// member returns the replica of an identity, if the process has reason to think
// that it is alive.
func (v *view) member(identity string, fallback time.Duration, now time.Time) (lease.Member, bool) {
	for _, m := range v.members {
		if m.Identity == identity && m.Alive(fallback, now) {
			return m.Member, true
		}
	}
	return lease.Member{}, false
}

// holder returns who holds a Lease, as far as the process knows.
func (v *view) holder(name string, fallback time.Duration, now time.Time) string {
	if o, known := v.owners[name]; known && lease.Judge(&o, fallback, now) == lease.Held {
		return o.Holder
	}
	return ""
}

// load counts the Leases that name an identity and have not expired.
func (v *view) load(identity string, fallback time.Duration, now time.Time) int {
	n := 0
	for _, o := range v.owners {
		if o.Holder == identity && lease.Judge(&o, fallback, now) == lease.Held {
			n++
		}
	}
	return n
}
