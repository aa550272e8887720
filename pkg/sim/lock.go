package sim

import (
	"strconv"
	"time"

	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// lock is kubelease.Lock, with its lockClient.
type lock struct {
	k       *kind
	p       *process
	elector *elector
	// expired is the version that was watched until it expired; zero when the Lease
	// was vacant.
	expired int64
	// first answers the first look, when the watch has not moved on since.
	first func() (*object, code)
	last  *object
	// wrote says that a write may have happened, transitions and acquired what it
	// said.
	wrote       bool
	transitions int
	acquired    int64
	term        *lease.Term
	over        bool
}

func number(version string) int64 {
	n, _ := strconv.ParseInt(version, 10, 64)
	return n
}

func newLock(k *kind, a elect.StartCampaign) *lock {
	l := &lock{k: k, p: k.p}
	if a.Expired {
		l.expired = number(a.Seen.Version)
	}
	switch known := k.p.latest[k.name]; {
	case a.Seen == nil && known == nil:
		l.first = func() (*object, code) { return nil, notFound }
	case a.Seen != nil && known != nil && number(a.Seen.Version) == known.version:
		l.first = func() (*object, code) { return known, ok }
	}
	return l
}

func (l *lock) identity() string { return l.p.identity }

func (l *lock) get(limit time.Duration, answer func(election, code)) {
	if l.over {
		answer(election{}, termOver)
		return
	}
	answered := func(o *object, result code, fresh bool) {
		if result != ok {
			if result == notFound && l.term != nil {
				l.lost(lease.LockDeleted)
				result = termOver
			}
			answer(election{}, result)
			return
		}
		l.last = o
		if fresh {
			l.p.remember(o)
		}
		answer(l.present())
	}
	if look := l.first; look != nil {
		l.first = nil
		o, result := look()
		answered(o, result, false)
		return
	}
	l.elector.call = l.p.send(l.elector.s, limit, false, func(s *store) (*object, code) {
		return s.get(l.k.name)
	}, func(o *object, result code) { answered(o, result, true) })
}

// present is what get answers instead of the plain truth.
func (l *lock) present() (election, code) {
	r := electionOf(l.last)
	switch {
	case l.term != nil && l.last.uid != l.term.UID:
		l.lost(lease.LockDeleted)
		return election{}, termOver
	case l.term != nil && !l.term.Is(l.last.record()):
		l.lost(lease.LockTaken)
		return election{}, termOver
	case l.term != nil:
	case l.expired != 0 && (l.last.version == l.expired || l.p.w.breaks.noCAS):
		r.holder = ""
	case r.holder == l.identity() && !l.itsOwn(r):
		r.holder += " (another process)"
	}
	return r, ok
}

// itsOwn says whether a Lease that names this replica can be so by a lost write of
// this lock, and not by a late one of an earlier term.
func (l *lock) itsOwn(r election) bool {
	return l.wrote && (r.transitions == l.transitions && r.acquired == l.acquired || l.p.w.breaks.anyOwnWrite)
}

func (l *lock) lost(e lease.LockEventKind) {
	if !l.over {
		l.over = true
		l.k.told(lease.LockEvent{Kind: e, Term: *l.term})
	}
}

func (l *lock) create(limit time.Duration, r election, answer func(code)) {
	if l.term != nil {
		l.lost(lease.LockDeleted)
		answer(termOver)
		return
	}
	wanted := object{name: l.k.name, labelled: true}
	l.write(limit, wanted, r, func(s *store, o object) (*object, code) { return s.create(o) }, func(result code) {
		if result == exists {
			l.adopt(func() { answer(result) })
			return
		}
		answer(result)
	})
}

// adopt gives a Lease that somebody else made the component's labels.
func (l *lock) adopt(then func()) {
	l.elector.call = l.p.send(l.elector.s, l.p.config.Timing.RequestTimeout(), false, func(s *store) (*object, code) {
		return s.get(l.k.name)
	}, func(o *object, result code) {
		if result != ok || o.labelled {
			then()
			return
		}
		l.elector.call = l.p.send(l.elector.s, l.p.config.Timing.RequestTimeout(), true, func(s *store) (*object, code) {
			o, result := s.get(l.k.name)
			if result == ok {
				l.p.w.trace(l.p, "adopts %s", l.k.name)
				patched := *o
				patched.labelled = true
				o, result = s.update(patched, false)
			}
			return o, result
		}, func(*object, code) { then() })
	})
}

func (l *lock) update(limit time.Duration, r election, answer func(code)) {
	wanted := *l.last
	wanted.labelled = true
	l.write(limit, wanted, r, func(s *store, o object) (*object, code) {
		return s.update(o, l.p.w.breaks.noCAS && l.expired != 0 && l.term == nil)
	}, answer)
}

// write makes one guarded write and reports it.
func (l *lock) write(limit time.Duration, o object, r election, do func(*store, object) (*object, code), answer func(code)) {
	if l.over {
		answer(termOver)
		return
	}
	o.holder, o.duration, o.transitions = r.holder, r.duration, r.transitions
	o.acquired, o.renewed = r.acquired, r.renewed
	sentAt := l.p.local()
	l.elector.call = l.p.send(l.elector.s, limit, true, func(s *store) (*object, code) {
		l.p.w.check.writing(l.p, sentAt)
		defer l.p.w.check.written()
		return do(s, o)
	}, func(written *object, result code) {
		if !result.refused() {
			l.wrote, l.transitions, l.acquired = true, o.transitions, o.acquired
		}
		if result == ok {
			l.last = written
			l.p.remember(written)
			l.written(sentAt)
		}
		answer(result)
	})
}

func (l *lock) written(sentAt time.Time) {
	event := lease.LockEvent{Kind: lease.LockRenewed, Version: text(l.last.version), SentAt: sentAt}
	if l.term == nil {
		event.Kind = lease.LockAcquired
		l.term = &lease.Term{
			Shard: l.k.shard, Namespace: "default", Lease: l.last.name,
			Holder: l.last.holder, UID: l.last.uid, Transitions: l.last.transitions,
		}
	}
	event.Term = *l.term
	l.k.told(event)
}
