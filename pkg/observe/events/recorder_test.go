package events_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	eventsclient "k8s.io/client-go/kubernetes/typed/events/v1"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/observe"
	"github.com/kindred-k8s/kindred/pkg/observe/events"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// api keeps the Events that are created.
type api struct {
	eventsclient.EventInterface
	mu    sync.Mutex
	fails func(try int) error // nil for never
	tries int
	made  []*eventsv1.Event
}

func (a *api) Events(string) eventsclient.EventInterface { return a }

func (a *api) Create(_ context.Context, e *eventsv1.Event, _ metav1.CreateOptions) (*eventsv1.Event, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tries++; a.fails != nil {
		if err := a.fails(a.tries); err != nil {
			return nil, err
		}
	}
	for _, other := range a.made {
		if other.Namespace == e.Namespace && other.Name == e.Name {
			return nil, apierrors.NewAlreadyExists(schema.GroupResource{Resource: "events"}, e.Name)
		}
	}
	a.made = append(a.made, e)
	return e, nil
}

// told returns the Events about Leases, one line each.
func (a *api) told() []string {
	synctest.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	var lines []string
	for _, e := range a.made {
		if e.Regarding.Kind == "Lease" {
			lines = append(lines, e.Reason+": "+e.Note)
		}
	}
	return lines
}

// recorder starts one that runs until the test stops it.
func recorder(t *testing.T, a *api, log logr.Logger) (r *events.Recorder, stop func()) {
	t.Helper()
	r = events.NewWithClient(a, events.Options{Logger: &log})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	return r, func() { cancel(); <-done }
}

var term = lease.Term{
	Shard:     lease.ShardOf(schema.GroupKind{Group: "sample.kindred.dev", Kind: "Queue"}),
	Namespace: "default", Lease: "op.queue.sample.kindred.dev", Holder: "op-0_1a2b", UID: "u1", Transitions: 3,
}

// TestLife: what the real coordinator's terms are told as.
func TestLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leases, a := leaseapi.New(), &api{}
		r, stop := recorder(t, a, logr.Discard())
		run := func(name string) (identity string, leave func()) {
			discard := logr.Discard()
			c, err := coordinator.NewWithLeases(leases.Client(nil), coordinator.Options{
				Component: "op", Namespace: "default", PodName: name, PodNamespace: "default", PodUID: "uid-" + name,
				Logger: &discard, Observer: r.Hooks(),
			}, coordinator.Kind{GroupKind: term.Shard.Kind, Reconciler: coordinator.ReconcilerFunc(
				func(ctx context.Context, _ lease.Term) error { <-ctx.Done(); return nil })})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				if err := c.Run(ctx); err != nil {
					t.Error(err)
				}
			}()
			return c.Identity(), func() { cancel(); <-done }
		}
		first, leave := run("op-0")
		time.Sleep(5 * time.Second)
		second, leaveToo := run("op-1")
		time.Sleep(55 * time.Second)
		leave()
		time.Sleep(time.Second)
		if err := leases.Client(nil).Leases("default").Delete(t.Context(), term.Lease, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		leaveToo()
		stop()

		want := []string{
			"Elected: op-0 owns Queue.sample.kindred.dev: planned owner of a vacant shard",
			"Elected: op-1 owns Queue.sample.kindred.dev: planned owner of a vacant shard; nobody had it for ",
			"HandedOver: op-0 hands Queue.sample.kindred.dev over to op-1 after 1m",
			"Lost: op-1 has lost Queue.sample.kindred.dev after 1s: the Lease was deleted",
			"Elected: op-1 owns Queue.sample.kindred.dev: planned owner of a vacant shard; nobody had it for ",
			"HandedOver: op-1 gives up Queue.sample.kindred.dev after ",
		}
		got := a.told()
		if len(got) != len(want) {
			t.Fatalf("told %q", got)
		}
		slices.Sort(got[1:3]) // two replicas tell of one moment
		for i := range want {
			if !strings.HasPrefix(got[i], want[i]) {
				t.Errorf("told %q, want %q...", got[i], want[i])
			}
		}
		for _, e := range a.made {
			check(t, e)
		}
		of := func(kind string) *eventsv1.Event {
			return a.made[slices.IndexFunc(a.made, func(e *eventsv1.Event) bool { return e.Reason == "HandedOver" && e.Regarding.Kind == kind })]
		}
		handed := of("Lease") // each is told twice: of the Lease, and of the Pod
		if handed.Annotations[lease.AnnotationTo] != second || handed.Annotations[lease.AnnotationHolder] != first ||
			handed.Annotations[lease.AnnotationReason] != "Leaving" || handed.Annotations[lease.AnnotationHeld] == "" {
			t.Errorf("the handover from %s to %s has the annotations %v", first, second, handed.Annotations)
		}
		if pod := of("Pod"); pod.Regarding.Kind != "Pod" || pod.Regarding.UID != "uid-op-0" || pod.Note != handed.Note || pod.Related.Kind != "Lease" {
			t.Errorf("the Pod's Event is %+v", pod)
		}
	})
}

// check holds an Event to what the API server wants.
func check(t *testing.T, e *eventsv1.Event) {
	t.Helper()
	for _, problem := range validation.IsDNS1123Subdomain(e.Name) {
		t.Errorf("name %q: %s", e.Name, problem)
	}
	if e.EventTime.IsZero() || e.Action == "" || e.Namespace != e.Regarding.Namespace || len(e.Note) > 1024 ||
		e.ReportingInstance == "" || len(e.ReportingInstance) > 128 || len(validation.IsQualifiedName(e.ReportingController)) > 0 {
		t.Errorf("the API server would refuse %+v", e)
	}
	for key := range e.Annotations {
		for _, problem := range validation.IsQualifiedName(key) {
			t.Errorf("annotation %q: %s", key, problem)
		}
	}
}

// TestHostileNames: whatever an identity, a Lease or a reason is, there is an Event.
func TestHostileNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &api{}
		r, stop := recorder(t, a, logr.Discard())
		h := r.Hooks()
		h.Call(observe.Started{Component: "op", Identity: strings.Repeat("é", 100)})
		long := term
		long.Lease = strings.Repeat("a", 235) + "." + strings.Repeat("b", 17)
		h.Call(observe.Elected{Term: long, Reason: observe.Reason{Text: strings.Repeat("ü", 2000)}})
		stop()
		if len(a.made) != 1 {
			t.Fatalf("%d Events", len(a.made))
		}
		check(t, a.made[0])
	})
}

// TestWithoutPermission: it is said once, and nothing waits.
func TestWithoutPermission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines []string
		forbidden := func(int) error {
			return apierrors.NewForbidden(schema.GroupResource{Group: "events.k8s.io", Resource: "events"}, "x", errors.New("no"))
		}
		a := &api{fails: forbidden}
		r, stop := recorder(t, a, funcr.New(func(_, line string) { lines = append(lines, line) }, funcr.Options{}))
		h, began := r.Hooks(), time.Now()
		for i := range 20 {
			next := term
			next.Transitions = i
			h.Call(observe.Elected{Term: next})
		}
		stop()
		if time.Since(began) > 0 || a.tries != 20 {
			t.Errorf("%d tries in %v", a.tries, time.Since(began))
		}
		if len(lines) != 1 || !strings.Contains(lines[0], "config/rbac") {
			t.Errorf("logged %q", lines)
		}
	})
}

// TestOutage: what happened while the API server was away is told afterwards, in order
// and with its own time; an answer that was lost makes no second Event.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		a := &api{}
		a.fails = func(int) error {
			if time.Since(began) < time.Minute {
				return errors.New("connection refused")
			}
			return nil
		}
		r, stop := recorder(t, a, logr.Discard())
		h := r.Hooks()
		h.Call(observe.Elected{Term: term})
		h.Call(observe.Elected{Term: term})
		h.Call(observe.Lost{Term: term, Held: 90 * time.Minute})
		time.Sleep(2 * time.Minute)
		if got := a.told(); len(got) != 2 || !strings.HasPrefix(got[0], "Elected") || !strings.HasPrefix(got[1], "Lost") {
			t.Errorf("told %q", got)
		}
		if len(a.made) > 0 && !a.made[0].EventTime.Time.Equal(began) {
			t.Errorf("an Event of %v has the time %v", began, a.made[0].EventTime)
		}
		// While it leaves it does not wait for an API server that is away.
		a.fails = func(int) error { return errors.New("connection refused") }
		next := term
		next.Transitions++
		h.Call(observe.Elected{Term: next})
		left := time.Now()
		stop()
		if time.Since(left) > 3*time.Second {
			t.Errorf("Run went on for %v", time.Since(left))
		}
	})
}

// TestBounds: a term's writes are told once, and a flapping shard does not fill etcd.
func TestBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines []string
		a := &api{}
		r, stop := recorder(t, a, funcr.New(func(_, line string) { lines = append(lines, line) }, funcr.Options{}))
		h := r.Hooks()
		for range 100 {
			h.Call(observe.Fenced{Term: term, Refused: 1, Method: "PUT", Path: "/x"})
		}
		if got := a.told(); len(got) != 1 || !strings.Contains(got[0], "PUT /x") {
			t.Errorf("told %q", got)
		}
		for i := range 1000 {
			next := term
			next.Transitions = 10 + i
			h.Call(observe.Elected{Term: next})
			time.Sleep(time.Millisecond)
		}
		stop()
		if n := len(a.made); n > events.MaxBurst+2 || n < events.MaxBurst {
			t.Errorf("%d Events of a thousand terms in a second", n)
		}
		if len(lines) != 1 {
			t.Errorf("logged %q", lines)
		}
	})
}

// TestStuck: the last word is written before the process ends, without Run.
func TestStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &api{}
		discard := logr.Discard()
		h := events.NewWithClient(a, events.Options{Logger: &discard}).Hooks()
		h.Call(observe.Stuck{Term: term, ExitAt: time.Now().Add(time.Second), Reason: observe.Reason{Text: "too slow"}})
		if got := fmt.Sprint(a.told()); got != "[Stuck: op-0 is stuck with Queue.sample.kindred.dev: too slow; the process ends itself]" {
			t.Errorf("told %s", got)
		}
	})
}
