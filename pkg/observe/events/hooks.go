package events

import (
	"context"
	"fmt"
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/observe"
)

// Hooks returns what the Events are made of. Give it to one coordinator.
func (r *Recorder) Hooks() *observe.Hooks {
	h := &hooks{r: r, refused: map[lease.Term]bool{}}
	return &observe.Hooks{
		Started: h.started, Elected: h.elected, Released: h.released, Lost: h.lost, Stuck: h.stuck, Fenced: h.fenced,
	}
}

// hooks belong to one coordinator and are called from its goroutine.
type hooks struct {
	r   *Recorder
	who reporter
	// refused are the terms about which WriteRefused was told, of those that have not
	// been followed by another one of their shard.
	refused map[lease.Term]bool
}

func (h *hooks) started(e observe.Started) {
	h.who = reporter{
		component: e.Component, reportingIdentity: e.Identity,
		podNamespace: e.PodNamespace, podName: e.PodName, podUID: e.PodUID,
	}
}

func (h *hooks) elected(e observe.Elected) {
	for term := range h.refused {
		if term.Shard == e.Term.Shard {
			delete(h.refused, term)
		}
	}
	note := fmt.Sprintf("%s owns %s: %s", lease.PodName(e.Term.Holder), e.Term.Shard, e.Reason)
	if e.After != observe.Unseen {
		note += fmt.Sprintf("; nobody had it for %v", rounded(e.Without))
	}
	h.tell(fact{term: e.Term, reason: Elected, note: note, why: e.Reason, after: e.After, without: e.Without})
}

func (h *hooks) released(e observe.Released) {
	note := fmt.Sprintf("%s gives up %s", lease.PodName(e.Term.Holder), e.Term.Shard)
	if e.To != "" {
		note = fmt.Sprintf("%s hands %s over to %s", lease.PodName(e.Term.Holder), e.Term.Shard, lease.PodName(e.To))
	}
	note += fmt.Sprintf(" after %v: %s", rounded(e.Held), e.Reason)
	h.tell(fact{term: e.Term, reason: HandedOver, note: note, why: e.Reason, to: e.To, held: e.Held})
}

func (h *hooks) lost(e observe.Lost) {
	h.tell(fact{
		term: e.Term, reason: Lost, warning: true, why: e.Reason, held: e.Held,
		note: fmt.Sprintf("%s has lost %s after %v: %s", lease.PodName(e.Term.Holder), e.Term.Shard, rounded(e.Held), e.Reason),
	})
}

func (h *hooks) stuck(e observe.Stuck) {
	does := "the process goes on, and so does the reconciler"
	if !e.ExitAt.IsZero() {
		does = "the process ends itself"
	}
	f := fact{
		at: time.Now(), term: e.Term, reason: Stuck, warning: true, why: e.Reason,
		note: fmt.Sprintf("%s is stuck with %s: %s; %s", lease.PodName(e.Term.Holder), e.Term.Shard, e.Reason, does),
	}
	if e.ExitAt.IsZero() {
		h.tell(f)
		return
	}
	// This is the last chance, and this goroutine may wait.
	ctx, cancel := context.WithDeadline(context.Background(), e.ExitAt)
	defer cancel()
	for _, event := range h.who.events(f) {
		h.r.write(ctx, event)
	}
}

func (h *hooks) fenced(e observe.Fenced) {
	if h.refused[e.Term] {
		return
	}
	h.refused[e.Term] = true
	what := "was not sent"
	if e.Refused == 0 {
		what = "was cancelled on its way and may have been carried out"
	}
	h.tell(fact{
		term: e.Term, reason: WriteRefused, warning: true, why: e.Reason,
		note: fmt.Sprintf("a write by %s under its term of %s, which is over, %s (%s %s): %s",
			lease.PodName(e.Term.Holder), e.Term.Shard, what, e.Method, e.Path, e.Reason),
	})
}

func (h *hooks) tell(f fact) {
	f.at = time.Now()
	h.r.add(h.who, f)
}

// rounded leaves out what nobody reads.
func rounded(d time.Duration) time.Duration {
	switch {
	case d < time.Second:
		return d.Round(100 * time.Microsecond)
	case d < time.Minute:
		return d.Round(10 * time.Millisecond)
	default:
		return d.Round(time.Second)
	}
}
