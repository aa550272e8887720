package steer

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// obey makes the fleet do what the annotation says: the owner releases, and then the
// Pod takes the kind.
func (w *world) obey(pods ...string) {
	w.client.PrependReactor("patch", "leases", func(a clienttesting.Action) (bool, runtime.Object, error) {
		name := a.(clienttesting.PatchAction).GetName()
		go func() {
			for _, pod := range append([]string{""}, pods...) {
				l, err := w.client.CoordinationV1().Leases("ns").Get(context.Background(), name, metav1.GetOptions{})
				if err != nil {
					w.t.Error(err)
					return
				}
				if pod != "" {
					pod += "_1"
				}
				l.Spec.HolderIdentity = &pod
				if _, err := w.client.CoordinationV1().Leases("ns").Update(context.Background(), l, metav1.UpdateOptions{}); err != nil {
					w.t.Error(err)
				}
				time.Sleep(30 * time.Millisecond)
			}
		}()
		return false, nil, nil
	})
}

func TestMoveWaitsForTheOwner(t *testing.T) {
	w := newWorld(t, owned("op", "Queue", "a"), owned("op", "Topic", "a"), member(t, "op", "a", "Queue Topic"), member(t, "op", "b", "Queue Topic"))
	w.obey("a", "b") // the owner first takes it again, as it may
	s := w.session(to("b"), func(o *options) { o.reason = "a is slow" })
	if err := s.move(t.Context(), "queue"); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(w.out.String()), "\n")
	if len(lines) != 3 || lines[0] != "Queue.example.com  is moved to b, which keeps it as long as it can; now a owns it" ||
		!strings.HasPrefix(lines[1], "Queue.example.com  a -> a: ") || !strings.HasPrefix(lines[2], "Queue.example.com  a -> b: ") {
		t.Errorf("it says %q", lines)
	}
	if got := w.annotations("Queue")[lease.AnnotationMoveTo]; got != "b" {
		t.Errorf("the Lease says %q", got)
	}
	if got := w.annotations("Topic"); len(got) != 0 {
		t.Errorf("another kind's Lease says %q", got)
	}
	want := []string{"KindMoveRequested: Queue.example.com is moved to b, which keeps it as long as it can; now a owns it: a is slow"}
	if diff := cmp.Diff(want, w.notes()); diff != "" {
		t.Errorf("Events (-want +got):\n%s", diff)
	}
}

func TestMoveToTheOwner(t *testing.T) {
	w := newWorld(t, owned("op", "Queue", "a"), member(t, "op", "a", "Queue"))
	for i, want := range []string{"stays with a, which keeps it", "was moved to a already"} {
		if err := w.session(to("a")).move(t.Context(), "Queue"); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(w.out.String(), want) {
			t.Errorf("time %d: it says %q, want %q", i, w.out, want)
		}
	}
	if got := w.notes(); len(got) != 1 {
		t.Errorf("%d Events, want one for what was done: %q", len(got), got)
	}
}

func TestMoveTakesTheGroupAlong(t *testing.T) {
	group := func(m *lease.Member) { m.Serves[0].Group, m.Serves[1].Group = "g", "g" }
	w := newWorld(t, owned("op", "Cache", "a"), owned("op", "Queue", "a"), owned("op", "Topic", "a"),
		member(t, "op", "a", "Cache Queue Topic", group), member(t, "op", "b", "Cache Queue Topic", group))
	w.obey("b")
	if err := w.session(to("b")).move(t.Context(), "Queue"); err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[string]string{"Cache": "b", "Queue": "b", "Topic": ""} {
		if got := w.annotations(kind)[lease.AnnotationMoveTo]; got != want {
			t.Errorf("the Lease of %s says %q, want %q", kind, got, want)
		}
		if got := strings.Contains(w.out.String(), kind+".example.com  a -> b"); got != (want != "") {
			t.Errorf("%s is waited for: %v\n%s", kind, got, w.out)
		}
	}
}

func TestMoveThatIsNotCarriedOut(t *testing.T) {
	world := func() *world {
		return newWorld(t, owned("op", "Queue", "a"), member(t, "op", "a", "Queue"), member(t, "op", "b", "Queue"))
	}
	w := world()
	err := w.session(to("b"), func(o *options) { o.timeout = 50 * time.Millisecond }).move(t.Context(), "Queue")
	if err == nil || !strings.Contains(err.Error(), `Queue.example.com is not with b, after 50ms: a_1 owns it`) || !strings.Contains(err.Error(), `"kindred rebalance Queue.example.com"`) {
		t.Errorf("out of time: %v", err)
	}
	w = world()
	ctx, cancel := context.WithCancel(t.Context())
	w.client.PrependReactor("create", "events", func(clienttesting.Action) (bool, runtime.Object, error) {
		time.AfterFunc(50*time.Millisecond, cancel)
		return false, nil, nil
	})
	if err := w.session(to("b")).move(ctx, "Queue"); err == nil || !strings.Contains(err.Error(), "is not with b, interrupted: a_1 owns it") {
		t.Errorf("interrupted: %v", err)
	}
	w = world()
	if err := w.session(to("b"), noWait).move(t.Context(), "Queue"); err != nil {
		t.Errorf("without waiting: %v", err)
	}
	if got := w.annotations("Queue")[lease.AnnotationMoveTo]; got != "b" {
		t.Errorf("without waiting: the Lease says %q", got)
	}
}

func TestMoveToWhatCannot(t *testing.T) {
	dead := member(t, "op", "dead", "Queue")
	dead.Spec.RenewTime.Time = time.Now().Add(-time.Hour)
	w := newWorld(t, owned("op", "Queue", "a"), owned("op", "Topic", "plain"), dead, member(t, "op", "a", "Queue"), member(t, "op", "b", "Queue"),
		member(t, "op", "other", "Cache"), member(t, "op", "leaving", "Queue", func(m *lease.Member) { m.Phase = lease.Draining }), member(t, "else", "else", "Else"))
	for pod, want := range map[string]string{
		"c":       "no replica of op is called that",
		"else":    "no replica of op is called that",
		"dead":    "the replica of that name is not alive",
		"other":   "the replica does not serve the kind",
		"leaving": "the replica is draining",
		"plain":   "that is a plain elector",
	} {
		err := w.session(to(pod), noWait).move(t.Context(), "Queue")
		if want := "--to " + pod + ": " + want; err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), "; Queue.example.com can be given to a, b") {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if err := w.session(to("a"), noWait).move(t.Context(), "Topic"); err == nil || !strings.HasSuffix(err.Error(), "Topic.example.com can be given to nobody at present, because no ready replica serves it") {
		t.Errorf("a kind that nobody serves: %v", err)
	}
	if writes := w.writes(); len(writes) != 0 {
		t.Errorf("something was written: %v", writes)
	}
}

func TestWhatIsRefused(t *testing.T) {
	forbid := func(w *world, verb, resource string) {
		w.client.PrependReactor(verb, resource, func(clienttesting.Action) (bool, runtime.Object, error) {
			return true, nil, apierrors.NewForbidden(coordinationv1.Resource(resource), "", nil)
		})
	}
	for verb, want := range map[string]string{
		"list":  `let this user list leases in the API group coordination.k8s.io in namespace "ns"`,
		"watch": "",
		"patch": `let this user patch leases in the API group coordination.k8s.io in namespace "ns"; the ClusterRole kindred-by-hand`,
	} {
		w := newWorld(t, owned("op", "Queue", "a"), member(t, "op", "a", "Queue"), member(t, "op", "b", "Queue"))
		forbid(w, verb, "leases")
		err := w.session(to("b"), func(o *options) { o.wait = verb == "list" }).move(t.Context(), "Queue")
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", verb, err, want)
		}
	}
	w := newWorld(t, owned("op", "Queue", "a"), member(t, "op", "a", "Queue"))
	forbid(w, "create", "events")
	if err := w.session(to("a")).move(t.Context(), "Queue"); err != nil {
		t.Errorf("an Event that cannot be made: %v", err)
	}
	if want := `let this user create events in the API group events.k8s.io in namespace "ns"`; !strings.Contains(w.err.String(), "warning: it is done, but") || !strings.Contains(w.err.String(), want) {
		t.Errorf("it says %q", w.err)
	}
}
