package sim

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

const releaseTries = 4 // as in package kubelease

// remember keeps a state of a Lease when it is news, as kubelease.Store does.
func (p *process) remember(o *object) {
	if old := p.latest[o.name]; old == nil || o.version > old.version {
		p.latest[o.name] = o
	}
}

func (p *process) forget(name string, version int64) {
	if old := p.latest[name]; old != nil && version > old.version {
		delete(p.latest, name)
	}
}

// release is kubelease.Store.Release.
func (p *process) release(k *kind, term lease.Term, moves int) {
	deadline := p.local().Add(p.config.Timing.RequestTimeout())
	done := func(o *object, succeeded bool) {
		released := elect.Released{Shard: k.shard, OK: succeeded}
		if o != nil {
			r := o.record()
			released.Now = &r
		}
		p.put(released)
	}
	left := func() time.Duration { return max(deadline.Sub(p.local()), 0) }
	var write func(current *object, tries int)
	read := func(tries int) {
		p.send(k.releaseStream(), left(), false, func(s *store) (*object, code) { return s.get(k.name) },
			func(o *object, result code) {
				switch result {
				case ok:
					write(o, tries)
				case notFound:
					done(nil, true)
				default:
					done(nil, false)
				}
			})
	}
	write = func(current *object, tries int) {
		if !term.Is(current.record()) {
			done(current, true)
			return
		}
		blank := *current
		blank.holder, blank.duration, blank.moves = "", time.Second, moves
		blank.acquired, blank.renewed = p.local().UnixMicro(), p.local().Unix()
		p.send(k.releaseStream(), left(), true, func(s *store) (*object, code) {
			p.w.check.writing(p, p.local())
			defer p.w.check.written()
			return s.update(blank, false)
		}, func(o *object, result code) {
			switch {
			case result == ok:
				p.remember(o)
				done(o, true)
			case result != conflict && result != notFound, tries >= releaseTries:
				done(nil, false)
			default:
				read(tries + 1)
			}
		})
	}
	p.after(p.w.upTo(100*time.Microsecond), k.releaseStream(), func() {
		if current := p.latest[k.name]; current != nil && term.Is(current.record()) {
			write(current, 1)
			return
		}
		read(1)
	})
}

// publish is kubelease.Store.Publish. Identities are unique here, so nobody else
// writes this Lease; it may be deleted.
func (p *process) publish(m lease.Member, answer func(bool)) {
	name := lease.MemberName(component, p.identity)
	deadline := p.local().Add(p.config.Timing.RequestTimeout())
	left := func() time.Duration { return max(deadline.Sub(p.local()), 0) }
	var write func(current *object, try int)
	read := func(try int) {
		p.send(streamMember, left(), false, func(s *store) (*object, code) { return s.get(name) },
			func(o *object, result code) {
				if result != ok && result != notFound {
					answer(false)
					return
				}
				write(o, try)
			})
	}
	write = func(current *object, try int) {
		o := object{name: name}
		if current != nil {
			o = *current
		}
		o.labelled, o.holder, o.duration, o.member = true, p.identity, p.config.Timing.LeaseDuration, &m
		p.send(streamMember, left(), true, func(s *store) (*object, code) {
			if current == nil {
				return s.create(o)
			}
			return s.update(o, false)
		}, func(written *object, result code) {
			switch {
			case result == ok:
				p.remember(written)
				answer(true)
			case !result.refused(), try >= 2:
				answer(false)
			default:
				read(try + 1)
			}
		})
	}
	p.after(p.w.upTo(100*time.Microsecond), streamMember, func() { write(p.latest[name], 0) })
}
