package inspect

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/observe/events"
)

// History is the terms of one kind, as far as Events tell of them. The JSON form is for
// programs to read; fields may be added to it.
type History struct {
	Kind      string `json:"kind"`
	Group     string `json:"group"`
	Namespace string `json:"namespace"`
	Component string `json:"component"`
	Lease     string `json:"lease"`
	// Terms are sorted by their beginning, the oldest first.
	Terms []PastTerm `json:"terms"`
}

// PastTerm is one term, the current one included. Every time is by the clock of the
// replica that wrote it, and null when no Event tells it.
type PastTerm struct {
	// Owner is the name of the replica and Holder its identity.
	Owner  string `json:"owner"`
	Holder string `json:"holder"`
	// Term is the Lease's leaseTransitions and Token identifies the term.
	Term  int              `json:"term"`
	Token string           `json:"token"`
	From  metav1.MicroTime `json:"from"`
	To    metav1.MicroTime `json:"to"`
	// Held is how long the owner had it; of the current term, so far. Empty when that is
	// not known.
	Held string `json:"held,omitempty"`
	// Without is for how long nobody had the kind before this term, as its owner saw it;
	// empty when it has seen no owner before.
	Without string `json:"without,omitempty"`
	// Current: it is the term that the Lease is in.
	Current bool `json:"current"`
	// Ended is the name of the reason why the term ended: one of package elect's, or
	// Expired, when its owner said no word; empty while it goes on, and when no Event
	// tells it. Why is what the Event says about it.
	Ended string `json:"ended,omitempty"`
	Why   string `json:"why,omitempty"`
	// Next is who was to have it after that, where it is known.
	Next string `json:"next,omitempty"`
	// Stuck and WriteRefused say that there are Events of these names.
	Stuck        bool `json:"stuck,omitempty"`
	WriteRefused bool `json:"writeRefused,omitempty"`

	after string // how the kind had come to have no owner before
}

// start is what terms are sorted by.
func (t *PastTerm) start() time.Time {
	if !t.From.IsZero() {
		return t.From.Time
	}
	return t.To.Time
}

// BuildHistory makes the history of a kind of the Events about it, read at now. Events
// about other things, and those of others than Kindred's coordinator, are passed over.
func BuildHistory(kind Kind, all []eventsv1.Event, now time.Time) *History {
	h := &History{Kind: kind.Kind, Group: kind.Group, Namespace: kind.Namespace, Component: kind.Component, Lease: kind.Lease, Terms: []PastTerm{}}
	terms := map[string]*PastTerm{}
	of := func(token, holder string) *PastTerm {
		key := token + "\x00" + holder
		if terms[key] == nil {
			terms[key] = &PastTerm{Holder: holder, Owner: nameOf(holder), Token: token, Term: transitions(token)}
		}
		return terms[key]
	}
	for i := range all {
		e := &all[i]
		token, holder := e.Annotations[lease.AnnotationTerm], e.Annotations[lease.AnnotationHolder]
		if e.ReportingController == events.Reporter && e.Regarding.Kind == "Lease" && e.Regarding.Name == kind.Lease &&
			e.Namespace == kind.Namespace && token != "" && holder != "" {
			of(token, holder).add(e)
		}
	}
	if kind.Holder != "" {
		current := of(kind.Token, kind.Holder)
		// A released Lease keeps its token, but not its holder. An Event that tells of the
		// end is newer than the Lease that was read before it.
		if current.Ended == "" {
			current.Current = true
		}
		if current.From.IsZero() {
			current.From = kind.Since
		}
		if current.Current && !current.From.IsZero() {
			current.Held = max(now.Sub(current.From.Time), 0).Round(time.Millisecond).String()
		}
	}
	for _, t := range terms {
		h.Terms = append(h.Terms, *t)
	}
	slices.SortFunc(h.Terms, func(a, b PastTerm) int {
		return cmp.Or(a.start().Compare(b.start()), cmp.Compare(a.Term, b.Term), strings.Compare(a.Token+a.Holder, b.Token+b.Holder))
	})
	for i := 1; i < len(h.Terms); i++ {
		// The next owner knows how the term before it ended when that one's own could
		// not say.
		if before := &h.Terms[i-1]; before.Ended == "" && !before.Current {
			before.Ended = h.Terms[i].after
		}
	}
	return h
}

// transitions is the number in a term's token.
func transitions(token string) int {
	_, number, _ := strings.Cut(token, "/")
	n, _ := strconv.Atoi(number) // an annotation that somebody has edited is still a term
	return n
}

// add takes in one Event about the term.
func (t *PastTerm) add(e *eventsv1.Event) {
	switch e.Reason {
	case events.Elected:
		t.From, t.Without, t.after = e.EventTime, e.Annotations[lease.AnnotationWithout], e.Annotations[lease.AnnotationAfter]
	case events.HandedOver, events.Lost:
		t.To, t.Held, t.Why = e.EventTime, e.Annotations[lease.AnnotationHeld], e.Note
		t.Ended = cmp.Or(e.Annotations[lease.AnnotationReason], e.Reason)
		if to := e.Annotations[lease.AnnotationTo]; to != "" {
			t.Next = nameOf(to)
		}
	case events.Stuck:
		t.Stuck = true
		if t.Ended == "" {
			t.Ended, t.Why = events.Stuck, e.Note
		}
	case events.WriteRefused:
		t.WriteRefused = true
	}
}
