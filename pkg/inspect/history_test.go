package inspect

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	coordinationv1 "k8s.io/api/coordination/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	eventsclient "k8s.io/client-go/kubernetes/typed/events/v1"

	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/observe"
	"github.com/kindred-k8s/kindred/pkg/observe/events"
)

// written is an API server that keeps Events.
type written struct {
	eventsclient.EventInterface
	events []eventsv1.Event
}

func (w *written) Events(string) eventsclient.EventInterface { return w }

func (w *written) Create(_ context.Context, e *eventsv1.Event, _ metav1.CreateOptions) (*eventsv1.Event, error) {
	w.events = append(w.events, *e)
	return e, nil
}

// lived returns the Events that replicas make of what their hooks are told.
func lived(t *testing.T, happens func(tell func(observe.Event))) []eventsv1.Event {
	t.Helper()
	w := &written{}
	synctest.Test(t, func(t *testing.T) {
		discard := logr.Discard()
		r := events.NewWithClient(w, events.Options{Logger: &discard})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); r.Run(ctx) }()
		hooks := r.Hooks()
		hooks.Call(observe.Started{Component: component, Identity: "x", PodName: "x", PodNamespace: "ns", PodUID: "u"})
		happens(func(e observe.Event) {
			hooks.Call(e)
			time.Sleep(time.Minute)
		})
		cancel()
		<-done
	})
	return w.events
}

// term is the nth of the Database's Lease.
func termOf(t *testing.T, pod string, n int) lease.Term {
	t.Helper()
	l := owned(t, "Database", pod)
	return lease.Term{Shard: kind("Database"), Namespace: "ns", Lease: l.Name, Holder: identity(pod), UID: string(l.UID), Transitions: n}
}

// TestHistory: a kind that moved, whose owner crashed, and was stuck.
func TestHistory(t *testing.T) {
	why := func(name string) observe.Reason { return observe.Reason{Name: name, Text: "because"} }
	all := lived(t, func(tell func(observe.Event)) {
		tell(observe.Elected{Term: termOf(t, "a", 0), After: observe.Unseen, Reason: why("Planned")})
		tell(observe.Released{Term: termOf(t, "a", 0), Reason: why("Moved"), To: identity("b"), Held: time.Minute})
		tell(observe.Elected{Term: termOf(t, "b", 1), After: observe.ByRelease, Without: 3 * time.Millisecond})
		// b crashes.
		tell(observe.Elected{Term: termOf(t, "c", 2), After: observe.ByExpiry, Without: 15 * time.Second})
		tell(observe.Fenced{Term: termOf(t, "c", 2), Refused: 1})
		tell(observe.Lost{Term: termOf(t, "c", 2), Reason: why("RenewFailed"), Held: 2 * time.Minute})
		tell(observe.Elected{Term: termOf(t, "a", 3), After: observe.ByExpiry, Without: 15 * time.Second})
	})
	slices.Reverse(all) // the API server's order says nothing
	stranger := all[0]
	stranger.ReportingController = "somebody-else"
	stranger.Annotations = map[string]string{lease.AnnotationTerm: "x/9", lease.AnnotationHolder: "z"}
	all = append(all, stranger, eventsv1.Event{})

	found, err := Build([]coordinationv1.Lease{owned(t, "Database", "a")}, now).Find("database")
	if err != nil {
		t.Fatal(err)
	}
	found.Namespace = "ns"
	h := BuildHistory(found, all, now)
	var lines []string
	for _, term := range h.Terms {
		lines = append(lines, strings.Join([]string{term.Owner, term.end(), term.Next, term.Without}, " "))
	}
	want := []string{"a Moved b ", "b Expired  3ms", "c RenewFailed,write refused  15s", "a (owns it)  15s"}
	if !slices.Equal(lines, want) {
		t.Errorf("got  %q\nwant %q", lines, want)
	}
	if last := h.Terms[len(h.Terms)-1]; !last.Current || last.Term != 3 || last.Held == "" {
		t.Errorf("the current term is %+v", last)
	}
	if c := h.Terms[2]; c.From.IsZero() || !c.To.After(c.From.Time) || c.Held != "2m0s" || !strings.Contains(c.Why, "because") {
		t.Errorf("c's term is %+v", c)
	}

	out := &bytes.Buffer{}
	if err := h.Write(out, true); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"OWNER   TERM   FROM", "GAP-BEFORE", "(owns it)", "c_abc", "uid-Database/2"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, out)
		}
	}
}

// TestHistoryWithoutEvents: the current term is known from the Lease alone.
func TestHistoryWithoutEvents(t *testing.T) {
	found, err := Build([]coordinationv1.Lease{owned(t, "Database", "a")}, now).Find("Database")
	if err != nil {
		t.Fatal(err)
	}
	h := BuildHistory(found, nil, now)
	if len(h.Terms) != 1 || !h.Terms[0].Current || h.Terms[0].Owner != "a" || h.Terms[0].Held != "1m0s" {
		t.Errorf("got %+v", h.Terms)
	}
	vacant, err := Build([]coordinationv1.Lease{owned(t, "Database", "")}, now).Find("Database")
	if err != nil {
		t.Fatal(err)
	}
	if h := BuildHistory(vacant, nil, now); len(h.Terms) != 0 {
		t.Errorf("a kind that nobody owns has %+v", h.Terms)
	}
}
