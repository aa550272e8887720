package sim

import (
	"fmt"
	"time"

	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

func (w *World) tracing() bool { return w.options.Trace != nil }

// trace writes one line: virtual time, who, what.
func (w *World) trace(p *process, format string, args ...any) {
	if !w.tracing() {
		return
	}
	who := "-"
	if p != nil {
		who = p.identity
	}
	w.options.Trace(fmt.Sprintf("%12.6f %-9s %s", w.now.Seconds(), who, fmt.Sprintf(format, args...)))
}

func (w *World) traceChange(p *process, old, now *object) {
	switch {
	case now == nil:
		w.trace(p, "store: %s deleted at %d", old.name, w.store.version)
	default:
		w.trace(p, "store: %s@%d holder %q %s for %v", now.name, now.version, now.holder, now.token(), now.duration)
	}
}

// traceEvent writes what a core is given, but ticks and what only renews.
func (w *World) traceEvent(p *process, event elect.Event) {
	switch e := event.(type) {
	case elect.Watched:
		switch e.Kind {
		case lease.Synced:
			w.trace(p, "> synced at %s", e.Version)
		case lease.OwnerSeen:
			w.trace(p, "> sees %s@%s %q %d", e.Name, e.Version, e.Record.Holder, e.Record.Transitions)
		case lease.MemberSeen:
			w.trace(p, "> sees member %s@%s %s serves %d", e.Member.Identity, e.Version, e.Member.Phase, len(e.Member.Serves))
		case lease.Gone:
			w.trace(p, "> sees %s gone at %s", e.Name, e.Version)
		}
	case elect.Serves:
		w.trace(p, "> serves %s: %v", e.Shard.Kind.Kind, e.OK)
	case elect.Published:
		w.trace(p, "> published %s: %v", e.Phase, e.OK)
	case elect.Acquired:
		w.trace(p, "> acquired %s %s@%s, sent %v ago", e.Term.Shard.Kind.Kind, e.Term.Token(), e.Version, p.local().Sub(e.SentAt))
	case elect.Renewed:
		w.trace(p, "> renewed %s@%s, sent %v ago", e.Shard.Kind.Kind, e.Version, p.local().Sub(e.SentAt))
	case elect.LockLost:
		w.trace(p, "> lock lost %s: %s", e.Shard.Kind.Kind, e.Reason)
	case elect.ElectorEnded:
		w.trace(p, "> elector ended %s", e.Shard.Kind.Kind)
	case elect.Returned:
		w.trace(p, "> returned %s", e.Shard.Kind.Kind)
	case elect.Released:
		w.trace(p, "> released %s: %v", e.Shard.Kind.Kind, e.OK)
	case elect.Shutdown:
		w.trace(p, "> shutdown")
	}
}

func (w *World) traceAction(p *process, action elect.Action) {
	switch a := action.(type) {
	case elect.StartCampaign:
		grounds := "absent"
		if a.Seen != nil {
			grounds = fmt.Sprintf("%q@%s", a.Seen.Holder, a.Seen.Version)
		}
		w.trace(p, "StartCampaign %s: %s, %s, expired %v", a.Shard.Kind.Kind, a.Reason, grounds, a.Expired)
	case elect.StopElector:
		w.trace(p, "StopElector %s", a.Shard.Kind.Kind)
	case elect.StartReconciler:
		w.trace(p, "StartReconciler %s %s", a.Term.Shard.Kind.Kind, a.Term.Token())
	case elect.Fence:
		w.trace(p, "Fence %s in %v: %s", a.Term.Shard.Kind.Kind, a.Until.Sub(p.local()).Round(time.Millisecond), a.Reason)
	case elect.StopReconciler:
		w.trace(p, "StopReconciler %s: %s %s", a.Term.Shard.Kind.Kind, a.Reason, a.To)
	case elect.Release:
		w.trace(p, "Release %s %s: %s", a.Term.Shard.Kind.Kind, a.Term.Token(), a.Reason)
	case elect.Publish:
		w.trace(p, "Publish %s serves %d", a.Member.Phase, len(a.Member.Serves))
	case elect.Collect:
		w.trace(p, "Collect %s", a.Lease)
	case elect.Stuck:
		w.trace(p, "Stuck %s: %s", a.Term.Shard.Kind.Kind, a.Reason)
	case elect.Finish:
		w.trace(p, "Finish, %d abandoned", len(a.Abandoned))
	default:
		w.trace(p, "%T", action)
	}
}
