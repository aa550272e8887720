package sim

import "time"

// link is the way between one process and the API server.
type link struct {
	cutRequests, cutWatch bool
	// held is what will come through when the link is whole again: TCP sends anew
	// what was lost, long after the one who waited has given up.
	held []func()
	// loss is how many of a thousand requests, and of the answers, are lost.
	loss int
	// slow is what a way may take longer than usual; lag the same for the watch.
	slow, lag time.Duration
}

// call is one request as its process sees it.
type call struct {
	p       *process
	s       stream
	done    bool
	timeout *timer
	answer  func(*object, code)
}

// settle ends the call for its process, once. The request itself may still be
// under way.
func (c *call) settle(o *object, result code) {
	if c.done {
		return
	}
	c.done = true
	c.timeout.stop()
	c.answer(o, result)
}

// send makes a request that is given up after a timeout by the process's clock.
func (p *process) send(s stream, timeout time.Duration, write bool, do func(*store) (*object, code), answer func(*object, code)) *call {
	c := &call{p: p, s: s, answer: answer}
	c.timeout = p.after(timeout, s, func() { c.settle(nil, timedOut) })
	// A process can be stopped after it has taken the time and before it has sent.
	p.after(p.w.upTo(300*time.Microsecond), s, func() {
		if !c.done {
			p.w.stats.Requests++
			p.w.travel(c, write, do)
		}
	})
	return c
}

// travel brings a request to the store and its answer back, unless the network
// loses one of them.
func (w *World) travel(c *call, write bool, do func(*store) (*object, code)) {
	w.way(c.p, func() {
		var o *object
		result := unavailable
		switch {
		case w.outage:
		case write && w.full:
			result = storageFull
		default:
			o, result = do(w.store)
		}
		w.way(c.p, func() {
			c.p.deliver(c.s, func() { c.settle(o, result) })
		})
	})
}

// way is one direction between a process and the store.
func (w *World) way(p *process, arrive func()) {
	if w.permille(p.link.loss) {
		w.stats.Lost++
		return
	}
	delay := w.latency() + w.upTo(p.link.slow)
	w.after(delay, func() {
		if !p.link.cutRequests {
			arrive()
			return
		}
		w.stats.Lost++
		if w.permille(300) {
			p.link.held = append(p.link.held, arrive)
		}
	})
}

// latency is that of a healthy network: mostly short, now and then not.
func (w *World) latency() time.Duration {
	if w.permille(20) {
		return w.between(20*time.Millisecond, 300*time.Millisecond)
	}
	return w.between(500*time.Microsecond, 15*time.Millisecond)
}

// heal makes a link whole. What was held comes through, in order, or the
// connections break.
func (w *World) heal(p *process) {
	held, late := p.link.held, w.permille(500)
	watch := p.link.cutWatch
	p.link = link{}
	if late {
		for _, arrive := range held {
			w.after(w.latency(), arrive)
		}
	}
	if watch && p.feed != nil {
		p.feed.healed(w.permille(500))
	}
}
