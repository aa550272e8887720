package faultproxy

import (
	"context"
	"net/http"
	"time"
)

// Match says whether a fault concerns a request. It must not read the body.
type Match func(*http.Request) bool

// fault is one call of Delay, Detain, Hang, Error, LoseAnswers or Cut. Exactly one of the fields after match is set, save that
// detain comes with a delay.
type fault struct {
	match []Match

	cut, hang, lose bool
	detain          bool
	delay           time.Duration
	status          int
}

// whole reports whether the fault is not restricted, and so acts on connections.
func (f fault) whole() bool { return len(f.match) == 0 }

func (f fault) concerns(r *http.Request) bool {
	for _, m := range f.match {
		if !m(r) {
			return false
		}
	}
	return true
}

// Delay lets requests go on to the API server only when the time has passed since they arrived.
func (p *Proxy) Delay(d time.Duration, match ...Match) { p.add(fault{delay: d, match: match}) }

// Detain is Delay for requests that arrive from now on, as a network does it that is slow to deliver: what it has cannot be
// called back, so they go on to the API server also when their clients have given them up meanwhile, or have ended.
func (p *Proxy) Detain(d time.Duration, match ...Match) {
	p.add(fault{delay: d, detain: true, match: match})
}

// Hang accepts requests and lets the client hear nothing of them until Heal; they then go on to the API server, unless the
// client has given them up. Open watches, and answers under way, are held up as well.
func (p *Proxy) Hang(match ...Match) { p.add(fault{hang: true, match: match}) }

// Error answers requests with the HTTP status, in the form of the API server's own errors.
func (p *Proxy) Error(status int, match ...Match) { p.add(fault{status: status, match: match}) }

// LoseAnswers lets requests through to the API server, which carries them out, and then breaks the connection in the
// place of the answer. Watches break when they next have something to tell.
func (p *Proxy) LoseAnswers(match ...Match) { p.add(fault{lose: true, match: match}) }

// Cut refuses new connections and breaks open ones. Restricted, it breaks the matching requests instead, including
// those under way and open watches.
func (p *Proxy) Cut(match ...Match) {
	f := fault{cut: true, match: match}
	p.add(f)

	p.mu.Lock()
	var exchanges []*exchange
	for x := range p.open {
		exchanges = append(exchanges, x)
	}
	p.mu.Unlock()
	if f.whole() {
		p.breakAll()
	}
	for _, x := range exchanges {
		if f.concerns(x.req) {
			x.cancel(errCut)
		}
	}
}

// Heal ends all faults.
func (p *Proxy) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = nil
	p.tell()
}

func (p *Proxy) add(f fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// A new slice: others read the old one without the lock.
	p.faults = append(p.faults[:len(p.faults):len(p.faults)], f)
	p.tell()
}

// tell wakes those who wait for other faults. The lock must be held.
func (p *Proxy) tell() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// verdict is what the faults of a moment mean for one request.
type verdict struct {
	cut, hang, lose bool
	detain          bool
	// whole says that what happens is to happen to the connection.
	whole  bool
	delay  time.Duration
	status int
	// changed is closed when the verdict may have become another.
	changed <-chan struct{}
}

// judge calls the match functions without the lock, so that they may use the proxy.
func (p *Proxy) judge(r *http.Request) verdict {
	p.mu.Lock()
	faults, v := p.faults, verdict{changed: p.changed}
	p.mu.Unlock()
	for _, f := range faults {
		if !f.concerns(r) {
			continue
		}
		v.cut = v.cut || f.cut
		v.hang = v.hang || f.hang
		v.lose = v.lose || f.lose
		v.detain = v.detain || f.detain
		v.whole = v.whole || (f.whole() && (f.cut || f.lose))
		v.delay += f.delay
		if f.status != 0 {
			v.status = f.status
		}
	}
	return v
}

// wait waits for other faults, for the time to pass (never, when it is zero), or for the end of the context, which
// alone is an error.
func (v verdict) wait(ctx context.Context, d time.Duration) error {
	var passed <-chan time.Time
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		passed = timer.C
	}
	select {
	case <-v.changed:
	case <-passed:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}
