package sim

import (
	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Broken is a rule that the model of the shell breaks on purpose, or a limit that
// it oversteps. They show that the checker can fail.
type Broken string

// The rules.
const (
	// ReleaseBeforeStop tells the core that a reconciler has returned when it has
	// only been told to.
	ReleaseBeforeStop Broken = "release before stop"
	// SafeUntilTooLong counts the right to act from half a Lease after the write was
	// sent.
	SafeUntilTooLong Broken = "safe-until too long"
	// Oscillate shows every replica a capacity that changes with each heartbeat of
	// the others.
	Oscillate Broken = "a plan that oscillates"
	// NoCAS takes an expired Lease whatever its version.
	NoCAS Broken = "expired taken as vacant without compare-and-swap"
	// StaleAsNewer takes what the watch tells late for news.
	StaleAsNewer Broken = "a stale watch event taken for news"
	// NoGhosts forgets a deleted Lease at once.
	NoGhosts Broken = "no ghost of a deleted Lease"
	// ReuseToken leaves leaseTransitions as it is when the holder changes.
	ReuseToken Broken = "a token used twice"
	// Unfenced lets every write through.
	Unfenced Broken = "writes without a fence"
	// FastClocks makes clocks differ by more than the margin.
	FastClocks Broken = "clocks beyond the margin"
	// AnyOwnWrite takes every Lease with the replica's name for a lost write of the
	// campaign under way: a late renewal of the term before revives its token.
	AnyOwnWrite Broken = "any own write"
	// Gap lets a process be stopped between the fence's check and the write: no
	// client-side fence covers that (docs/fence.md).
	Gap Broken = "stopped between check and write"
)

// breaks are the hooks of the broken variants; all off in an honest run.
type breaks struct {
	Broken
	noCAS, reuseToken, unfenced, gap, anyOwnWrite bool
	flips                                         map[string]int64
}

func newBreaks(b Broken) *breaks {
	return &breaks{
		Broken: b, noCAS: b == NoCAS, reuseToken: b == ReuseToken,
		unfenced: b == Unfenced, gap: b == Gap, anyOwnWrite: b == AnyOwnWrite, flips: map[string]int64{},
	}
}

// event returns what the core is given for an event.
func (b *breaks) event(p *process, e elect.Event) []elect.Event {
	watched, isWatch := e.(elect.Watched)
	if !isWatch {
		return []elect.Event{e}
	}
	switch {
	case b.Broken == Oscillate && watched.Kind == lease.MemberSeen:
		b.flips[watched.Name]++
		watched.Member.Capacity = 1 + 4*(b.flips[watched.Name]%2)
		return []elect.Event{watched}
	case b.Broken == StaleAsNewer && watched.Kind == lease.OwnerSeen:
		newest := text(p.w.store.version + 1)
		watched.Version, watched.Record.Version = newest, newest
		return []elect.Event{watched}
	case b.Broken == NoGhosts && watched.Kind == lease.Gone:
		vacant := lease.Event{Kind: lease.OwnerSeen, Name: watched.Name, Version: text(number(watched.Version) - 1)}
		vacant.Record = lease.Record{UID: "gone", Version: vacant.Version}
		for _, k := range p.kinds {
			if k.name == watched.Name {
				return []elect.Event{elect.Watched{Event: vacant}, watched}
			}
		}
	}
	return []elect.Event{e}
}

// told returns what the shell tells for what the lock told.
func (b *breaks) told(k *kind, e lease.LockEvent) lease.LockEvent {
	if b.Broken == SafeUntilTooLong {
		e.SentAt = e.SentAt.Add(k.p.config.Timing.LeaseDuration / 2)
	}
	return e
}

// stopping is called after a reconciler has been told to stop.
func (b *breaks) stopping(k *kind, a elect.StopReconciler) {
	if b.Broken == ReleaseBeforeStop {
		k.p.put(elect.Returned{Shard: a.Term.Shard})
		k.work.done = func() {}
	}
}

// ppm is how much faster or slower than true time a clock may run: with the margin
// of a twentieth, 2.5 % either way is still within.
func (b *breaks) ppm() int {
	if b.Broken == FastClocks {
		return 100_000
	}
	return 25_000
}

// class is the class of schedules in which a broken rule shows; empty for any.
func (b *breaks) class() class {
	switch b.Broken {
	case NoGhosts:
		return hands
	case StaleAsNewer:
		return network
	case Gap, Unfenced:
		return pauses
	case Oscillate:
		return calm
	}
	return ""
}
