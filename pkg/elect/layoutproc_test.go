package elect

import (
	"maps"
	"strconv"
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// turn is one round of a process: answers come in, electors renew, reconcilers return,
// and the core is told.
func (p *layoutProc) turn() {
	f := p.f
	calls := p.calls
	p.calls = nil
	for _, call := range calls {
		if call.done && !f.now.Before(call.answered) {
			call.answer()
		} else {
			p.calls = append(p.calls, call)
		}
	}
	for _, s := range p.core.shards {
		shard, t := s.id, p.terms[s.id]
		if t == nil {
			continue
		}
		p.elector(shard, t) // first, as it may be in a process that has stood still
		if t.running && !t.returnsAt.IsZero() && !f.now.Before(t.returnsAt) {
			t.running = false
			p.queue = append(p.queue, Returned{Shard: shard})
		}
	}
	p.woken = false
	if f.rng.IntN(4) > 0 && !f.now.Before(p.deaf) { // the watch may be late
		for ; p.told < len(f.log); p.told++ {
			p.queue = append(p.queue, Watched{f.log[p.told]})
		}
	}
	if next := p.core.Next(); !next.IsZero() && !f.now.Before(next) {
		p.queue = append(p.queue, Tick{})
	}
	events := p.queue
	if p.queue = nil; len(events) == 0 {
		return
	}
	for _, action := range p.core.Step(f.now, events...) {
		if p.act(action); p.gone {
			return
		}
	}
}

// elector renews a Lease, as client-go does and the lock tells.
func (p *layoutProc) elector(shard lease.Shard, t *layoutTerm) {
	f, timing := p.f, p.core.config.Timing
	if t.term == nil || t.electorOver || t.calling {
		return
	}
	if t.halted || !p.woken && !f.now.Before(t.renewed.Add(timing.RenewDeadline+timing.RetryPeriod)) {
		t.electorOver = true
		p.queue = append(p.queue, ElectorEnded{Shard: shard})
		return
	}
	if f.now.Before(t.next) {
		return
	}
	t.calling = true
	sent, term, lost, failed, version := f.now, *t.term, false, f.rng.IntN(10) == 0, ""
	p.call(func() {
		current := f.leases[term.Lease]
		if lost = current == nil || !term.Is(*current); !lost && !failed {
			version = f.put(term.Lease, *current).Version
		}
	}, func() {
		t.calling, t.next = false, sent.Add(timing.RetryPeriod)
		switch {
		case t.halted:
		case lost:
			t.until = f.now // the lock tells the fence
			p.queue = append(p.queue, LockLost{Shard: shard, Reason: HolderChanged})
		case !failed:
			t.renewed = sent
			if f.now.Before(t.until) { // a fence that has closed stays so
				t.until = timing.SafeUntil(sent)
			}
			p.queue = append(p.queue, Renewed{Shard: shard, Version: version, SentAt: sent})
		}
	})
}

func (p *layoutProc) act(action Action) {
	f := p.f
	switch a := action.(type) {
	case StartCampaign:
		p.campaign(a)
	case StopElector:
		t := p.terms[a.Shard]
		if t.halted = true; t.term == nil && !t.electorOver {
			t.electorOver = true
			p.queue = append(p.queue, ElectorEnded{Shard: a.Shard, Unanswered: t.calling})
		}
	case StartReconciler:
		f.acted++
		p.terms[a.Term.Shard].running = true
	case Fence:
		if t := p.terms[a.Term.Shard]; a.Until.Before(t.until) {
			t.until = a.Until
		}
	case StopReconciler:
		p.terms[a.Term.Shard].returnsAt = f.now.Add(f.upTo(3 * time.Second))
	case Stuck:
		p.die() // it ends the process
	case Release:
		p.release(a)
	case Check:
		p.check(a)
	case Evict:
		p.call(func() {
			if current := f.leases[a.Lease]; current != nil && current.UID == a.UID && current.Version == a.Version {
				f.evicted++
				freed := *current
				freed.Holder, freed.Duration = "", time.Second
				f.put(a.Lease, freed)
			}
		}, func() {})
	case Collect:
		p.call(func() {
			if current := f.leases[a.Lease]; current != nil && current.Version == a.Version {
				delete(f.leases, a.Lease)
				f.version++
				f.log = append(f.log, lease.Event{Kind: lease.Gone, Name: a.Lease, Version: text(f.version)})
			}
		}, func() {})
	case Publish:
		p.call(func() {
			f.version++
			f.log = append(f.log, lease.Event{Kind: lease.MemberSeen, Name: "op." + p.name, Version: text(f.version), Member: lease.MemberObservation{
				Member: a.Member, Lease: "op." + p.name, UID: p.name, Version: text(f.version), Duration: 15 * time.Second, Created: f.now,
			}})
		}, func() { p.queue = append(p.queue, Published{Phase: a.Member.Phase, OK: true}) })
	case Finish:
		p.gone = true
	}
}

// campaign makes one try to take a Lease at the version that was seen.
func (p *layoutProc) campaign(a StartCampaign) {
	f, timing := p.f, p.core.config.Timing
	name, _ := a.Shard.Name("op")
	t := &layoutTerm{calling: true}
	p.terms[a.Shard] = t
	sent, lost := f.now, f.rng.IntN(15) == 0
	var won *lease.Record
	p.call(func() {
		current := f.leases[name]
		switch {
		case current == nil && a.Seen == nil:
			f.version++
			made := f.put(name, lease.Record{UID: "u" + text(f.version), Holder: p.name + "_1", Duration: timing.LeaseDuration})
			won = &made
		case current != nil && a.Seen != nil && current.Version == a.Seen.Version:
			taken := *current
			taken.Holder, taken.Duration = p.name+"_1", timing.LeaseDuration
			taken.Transitions++
			taken = f.put(name, taken)
			won = &taken
		}
	}, func() {
		t.calling = false
		if t.electorOver {
			return
		}
		if won == nil || lost {
			t.electorOver = true
			p.queue = append(p.queue, ElectorEnded{Shard: a.Shard, Unanswered: lost})
			return
		}
		t.term = &lease.Term{Shard: a.Shard, Lease: name, Holder: won.Holder, UID: won.UID, Transitions: won.Transitions}
		t.renewed, t.next, t.until = sent, sent.Add(timing.RetryPeriod), timing.SafeUntil(sent)
		p.queue = append(p.queue, Acquired{Term: *t.term, Version: won.Version, SentAt: sent, Split: won.Split})
	})
}

func (p *layoutProc) release(a Release) {
	f := p.f
	var now *lease.Record
	p.call(func() {
		if current := f.leases[a.Term.Lease]; current != nil {
			freed := *current
			if a.Term.Is(freed) {
				freed.Holder, freed.Duration = "", time.Second
				freed = f.put(a.Term.Lease, freed)
			}
			now = &freed
		}
	}, func() { p.queue = append(p.queue, Released{Shard: a.Term.Shard, OK: true, Now: now}) })
}

// check marks the whole kind's Lease, and reads all some time later.
func (p *layoutProc) check(a Check) {
	f := p.f
	whole, _, of := lease.SplitName(a.Term.Lease)
	read := func() {
		leases := map[string]lease.Record{}
		p.call(func() {
			for name, r := range maps.All(f.leases) {
				leases[name] = *r
			}
		}, func() {
			for name, r := range leases {
				if _, _, other := lease.SplitName(name); other != of && r.Holder != "" {
					f.gaveUp++
				}
			}
			p.queue = append(p.queue, Checked{Shard: a.Term.Shard, Term: a.Term, Number: a.Number, OK: f.rng.IntN(8) > 0, Leases: leases})
		})
	}
	if of == 0 {
		read()
		return
	}
	p.call(func() {
		r := lease.Record{UID: "u" + text(f.version), Duration: time.Second}
		if current := f.leases[whole]; current != nil {
			r = *current
		}
		if !r.Split {
			r.Split = true
			f.put(whole, r)
		}
	}, read)
}

func text(version int) string { return strconv.Itoa(version) }
