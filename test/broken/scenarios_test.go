package broken

import (
	"syscall"
	"time"

	"github.com/kindred-k8s/kindred/test/faultproxy"
)

// promise is how much is asserted of the row of Kindred with its client-side fence
// alone. Of Kindred with policies always everything is, and of client-go nothing: it
// promises nothing of the kind.
type promise string

const (
	// all: nothing that is counted happens.
	all promise = "all zero"
	// unsent: a write may be held back on its way and land late, but none is sent
	// late.
	unsent promise = "none sent late"
	// terms: a process that stood still may send what it had checked before. No term
	// has two writers.
	terms promise = "no shared term"
)

// kept says whether counts are as promised.
func (p promise) kept(c counts) bool {
	switch p {
	case unsent:
		return c.late == 0 && c.shared == 0
	case terms:
		return c.shared == 0
	}
	return c.backwards == 0 && c.shared == 0 && c.overlapping == 0
}

// scenario is one fault, for all fleets at once.
type scenario struct {
	name    string
	promise promise
	// controlled: the controls take part.
	controlled bool
	// hole: it goes through what the client-side fence leaves open. That it does must
	// show, or the zero beside it, of the policies, would prove nothing.
	hole bool
	// fault returns when the fault has acted for as long as it should. Proxies are
	// healed and processes go on after it.
	fault func(r *trial, fleets []*fleet)
}

// slowness is what every request waits for when the API server is slow: longer than
// a Lease lasts.
const slowness = 10 * time.Second

// lateness is how late a network delivers: when another owner has long begun.
const lateness = 7 * time.Second

// outage is longer than a Lease, and a retry.
const outage = 6 * time.Second

var renewals = []faultproxy.Match{faultproxy.Resources("leases"), faultproxy.Writes()}

var scenarios = []scenario{
	{name: "an owner's renewals fail, its other requests do not", promise: all, fault: func(r *trial, fleets []*fleet) {
		targets := r.targets(fleets...)
		for _, x := range targets {
			x.proxy.Cut(renewals...)
		}
		r.takenOver(targets)
	}},
	{name: "an owner's renewals hang, its other requests do not", promise: all, fault: func(r *trial, fleets []*fleet) {
		targets := r.targets(fleets...)
		for _, x := range targets {
			x.proxy.Hang(renewals...)
		}
		r.takenOver(targets)
	}},
	{name: "an owner's writes happen, and their answers are lost", promise: all, fault: func(r *trial, fleets []*fleet) {
		targets := r.targets(fleets...)
		for _, x := range targets {
			x.proxy.LoseAnswers(faultproxy.Writes())
		}
		// A plain elector then renews a Lease that it does not know to be its own.
		r.pass(2 * timing.LeaseDuration)
	}},
	{name: "the API server is slow for an owner, 10 s", promise: unsent, fault: func(r *trial, fleets []*fleet) {
		targets := r.targets(fleets...)
		for _, x := range targets {
			x.proxy.Delay(slowness)
		}
		r.pass(slowness + timing.LeaseDuration) // until its last write has landed
		r.takenOver(targets)
	}},
	{name: "the API server is slow for everyone, 10 s", promise: unsent, fault: func(r *trial, fleets []*fleet) {
		for _, f := range fleets {
			for _, x := range f.replicas {
				x.proxy.Delay(slowness)
			}
		}
		r.pass(slowness + timing.LeaseDuration)
	}},
	{name: "an owner's renewals fail, and the network delivers its writes 7 s late", promise: unsent, hole: true, fault: func(r *trial, fleets []*fleet) {
		targets := r.targets(fleets...)
		for _, x := range targets {
			x.proxy.Detain(lateness, faultproxy.Verbs("PATCH"))
			x.proxy.Cut(renewals...)
		}
		r.takenOver(targets)
		r.pass(lateness) // until its last write has landed
	}},
	{name: "the API server and etcd are killed, and started again after 6 s", promise: all, fault: func(r *trial, _ []*fleet) {
		if err := plane.Kill(); err != nil {
			r.t.Fatal(err)
		}
		r.pass(outage)
		if err := plane.Restart(r.t.Context()); err != nil {
			r.t.Fatal(err)
		}
	}},
	{name: "etcd is out of space for 6 s: reads work, writes do not", promise: all, fault: func(r *trial, _ []*fleet) {
		r.fillEtcd()
		r.pass(outage)
		r.freeEtcd()
	}},
	{name: "an owner stands still (SIGSTOP) until another has taken over", promise: terms, fault: func(r *trial, fleets []*fleet) {
		targets := r.targets(fleets...)
		for _, x := range targets {
			x.signal(syscall.SIGSTOP)
		}
		r.takenOver(targets)
	}},
	{name: "the same, between its check and its write", promise: terms, fault: func(r *trial, fleets []*fleet) {
		targets := r.targets(fleets...)
		for _, x := range targets {
			x.signal(stopAtWrite)
		}
		r.stand(targets)
		r.takenOver(targets)
	}},
	{name: "an owner's renewals fail, and its reconcilers ignore their contexts", promise: all, controlled: true, fault: func(r *trial, fleets []*fleet) {
		targets := r.targets(fleets...)
		for _, x := range targets {
			x.signal(goDeaf)
			x.proxy.Cut(renewals...)
		}
		r.takenOver(targets)
		r.pass(2 * time.Second)
		for _, x := range targets { // as somebody does who has noticed
			x.signal(syscall.SIGKILL)
		}
	}},
	{name: "all replicas are killed at once (SIGKILL), and new ones started", promise: all, fault: func(_ *trial, fleets []*fleet) {
		for _, f := range fleets {
			for _, x := range f.replicas {
				x.signal(syscall.SIGKILL)
			}
		}
	}},
}
