package steer

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kindred-k8s/kindred/pkg/inspect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// TestThereAndBack: what each command writes, says and reports, one after the other.
func TestThereAndBack(t *testing.T) {
	w := newWorld(t, owned("op", "Queue", "a"), owned("op", "Topic", ""), member(t, "op", "a", "Queue Topic"))
	var reported int
	for _, step := range []struct {
		name        string
		of          func(inspect.Kind) change
		texts       []string
		said        string
		queue       map[string]string
		events      int
		reasonFirst string
	}{
		{"pause", pause, nil, "Queue.example.com  is paused: a keeps it as long as it can\nTopic.example.com  is paused: whoever takes it keeps it\n",
			map[string]string{lease.AnnotationPaused: "true"}, 2, "RebalancingPaused: Queue.example.com is paused: a keeps it as long as it can: as I say"},
		{"again", pause, []string{"Queue"}, "Queue.example.com  was paused already\n", map[string]string{lease.AnnotationPaused: "true"}, 0, ""},
		{"not moved", rebalance, []string{"Queue"}, "Queue.example.com  was not moved by hand\n", map[string]string{lease.AnnotationPaused: "true"}, 0, ""},
		{"resume", resume, []string{"Queue"}, "Queue.example.com  is not paused any more\n", map[string]string{}, 1, "RebalancingResumed: Queue.example.com is not paused any more: as I say"},
		{"move", (&session{options: &options{to: "a"}}).moveTo, []string{"Queue"}, "Queue.example.com  stays with a, which keeps it as long as it can\n",
			map[string]string{lease.AnnotationMoveTo: "a"}, 1, "KindMoveRequested: Queue.example.com stays with a, which keeps it as long as it can: as I say"},
		{"rebalance", rebalance, nil, "Queue.example.com  need not be with a any more\nTopic.example.com  was not moved by hand\n", map[string]string{}, 1,
			"KindMoveWithdrawn: Queue.example.com need not be with a any more: as I say"},
		{"resume all", resume, nil, "Queue.example.com  was not paused\nTopic.example.com  is not paused any more\n", map[string]string{}, 1,
			"RebalancingResumed: Topic.example.com is not paused any more: as I say"},
	} {
		w.client.ClearActions()
		if err := w.session(func(o *options) { o.reason = "as I say" }).changeAll(t.Context(), step.texts, step.of); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if w.out.String() != step.said {
			t.Errorf("%s: it says %q, want %q", step.name, w.out, step.said)
		}
		if diff := cmp.Diff(step.queue, w.annotations("Queue")); diff != "" {
			t.Errorf("%s: annotations (-want +got):\n%s", step.name, diff)
		}
		if got := len(w.writes()); got != 2*step.events {
			t.Errorf("%s: %d writes, want a patch and an Event for each of %d changes", step.name, got, step.events)
		}
		reported += step.events
		if notes := strings.Join(w.notes(), "\n"); !strings.Contains(notes, step.reasonFirst) {
			t.Errorf("%s: no Event %q in\n%s", step.name, step.reasonFirst, notes)
		}
	}
	if got := len(w.notes()); got != reported {
		t.Errorf("%d Events, want %d", got, reported)
	}
}

func TestWhatStaysIsSaid(t *testing.T) {
	w := newWorld(t, owned("op", "Queue", "a", lease.AnnotationMoveTo, "b", lease.AnnotationPaused, "yes"), member(t, "op", "a", "Queue"))
	for want, of := range map[string]func(inspect.Kind) change{
		"need not be with b any more, but it is paused: its owner keeps it":      rebalance,
		"is not paused any more; it stays with b, to which it was moved by hand": resume,
	} {
		if err := w.session(func(o *options) { o.dryRun = dryClient }).changeAll(t.Context(), nil, of); err != nil || !strings.Contains(w.out.String(), want+" (client dry run)\n") {
			t.Errorf("%v, %q, want %q", err, w.out, want)
		}
	}
}

func TestDryRun(t *testing.T) {
	for dry, want := range map[string]int{dryClient: 0, dryServer: 1} {
		w := newWorld(t, owned("op", "Queue", "a"), member(t, "op", "a", "Queue"), member(t, "op", "b", "Queue"))
		if err := w.session(to("b"), func(o *options) { o.dryRun = dry }).move(t.Context(), "Queue"); err != nil {
			t.Fatal(err)
		}
		writes := w.writes()
		if len(writes) != want || !strings.HasSuffix(w.out.String(), " ("+dry+" dry run)\n") {
			t.Errorf("%s: it says %q and writes %v", dry, w.out, writes)
		}
		for _, write := range writes {
			if options := write.(clienttesting.PatchActionImpl).PatchOptions; len(options.DryRun) != 1 || options.DryRun[0] != "All" {
				t.Errorf("%s: the patch has %+v", dry, options)
			}
		}
	}
}

// TestPatchIsForTheLeaseThatWasSeen: the patch says which object it is for, and what
// the API server answers about another one is put into words.
func TestPatchIsForTheLeaseThatWasSeen(t *testing.T) {
	w := newWorld(t, owned("op", "Queue", "a"))
	w.client.PrependReactor("patch", "leases", func(a clienttesting.Action) (bool, runtime.Object, error) {
		var patch struct{ Metadata struct{ UID string } }
		if err := json.Unmarshal(a.(clienttesting.PatchAction).GetPatch(), &patch); err != nil || patch.Metadata.UID != "uid-Queue" {
			t.Errorf("%v: the patch is for UID %q", err, patch.Metadata.UID)
		}
		return true, nil, apierrors.NewInvalid(schema.GroupKind{Kind: "Lease"}, "op.queue.example.com",
			field.ErrorList{field.Invalid(field.NewPath("metadata", "uid"), "uid-Queue", "field is immutable")})
	})
	err := w.session().changeAll(t.Context(), nil, pause)
	if err == nil || !strings.Contains(err.Error(), "Lease ns/op.queue.example.com") || !strings.HasSuffix(err.Error(), ": somebody has deleted the Lease meanwhile; try again") {
		t.Errorf("got %v", err)
	}
	if got := w.notes(); len(got) != 0 {
		t.Errorf("Events about what was not done: %q", got)
	}
}

// TestOneThatFailsDoesNotStopTheOthers: every kind is tried, every error told.
func TestOneThatFailsDoesNotStopTheOthers(t *testing.T) {
	w := newWorld(t, owned("op", "Queue", "a"), owned("op", "Topic", "a"), member(t, "op", "a", "Cache Queue Topic"))
	w.client.PrependReactor("patch", "leases", func(a clienttesting.Action) (bool, runtime.Object, error) {
		name := a.(clienttesting.PatchAction).GetName()
		return name == "op.queue.example.com", nil, apierrors.NewNotFound(coordinationv1.Resource("leases"), name)
	})
	err := w.session().changeAll(t.Context(), nil, pause)
	for _, want := range []string{"Cache.example.com has no Lease yet", "Queue.example.com: patch Lease ns/op.queue.example.com"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
	if got := w.annotations("Topic")[lease.AnnotationPaused]; got != "true" {
		t.Errorf("the third kind is %q, want it paused", got)
	}
}

func TestPick(t *testing.T) {
	one := []*coordinationv1.Lease{owned("op", "Queue", "a"), owned("op", "Topic", "a")}
	two := append(one, owned("other", "Queue", "a"))
	for _, test := range []struct {
		leases    []*coordinationv1.Lease
		component string
		texts     string
		want      string // the kinds, or what the error says
	}{
		{one, "", "", "Queue Topic"},
		{one, "", "topic", "Topic"},
		{one, "", "TOPIC.example.com Queue topic", "Topic Queue"},
		{one, "", "Cache Topic Disk", `there is no kind "Cache" in namespace "ns": there are Queue.example.com, Topic.example.com|there is no kind "Disk"`},
		{nil, "", "", "with the label kindred.dev/component in namespace \"ns\""},
		{one, "third", "", "with the label kindred.dev/component=third in namespace \"ns\""},
		{two, "", "", "several controllers: name one with --component: op, other"},
		{two, "", "queue", `several controllers have kind "queue": name one with --component: op, other`},
		{two, "", "topic", "Topic"},
		{two, "other", "", "Queue"},
	} {
		w := newWorld(t, test.leases...)
		s := w.session(func(o *options) { o.component = test.component })
		snapshot, err := inspect.Collect(t.Context(), s.leases, s.query)
		if err != nil {
			t.Fatal(err)
		}
		kinds, err := s.pick(snapshot, strings.Fields(test.texts))
		var names []string
		for _, k := range kinds {
			names = append(names, k.Kind)
		}
		got := strings.Join(names, " ")
		if err != nil {
			got = err.Error()
		}
		for want := range strings.SplitSeq(test.want, "|") {
			if err == nil && got != want || !strings.Contains(got, want) {
				t.Errorf("%q of %q: %s, want %s", test.texts, test.component, got, want)
			}
		}
	}
	same := &inspect.Snapshot{Kinds: []inspect.Kind{{Kind: "Service", Component: "op"}, {Kind: "Service", Group: "serving.dev", Component: "op"}}}
	s := newWorld(t).session()
	if _, err := s.named(same, "service"); err == nil || !strings.Contains(err.Error(), "write one of Service, Service.serving.dev") {
		t.Errorf("a name of two groups: %v", err)
	}
	if kinds, err := s.named(same, "service.serving.dev"); err != nil || len(kinds) != 1 || kinds[0].Group != "serving.dev" {
		t.Errorf("the whole name: %v, %v", kinds, err)
	}
}

// TestFlags: everything that is wrong is told at once, before any request.
func TestFlags(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		args  string
		wants []string
	}{
		{"move --dry-run=maybe --timeout=0s --component=A.b", []string{"there are 0 kinds", "--to is empty", `--dry-run is "maybe"`, "--timeout is 0s", `--component: component "A.b"`}},
		{"move A B --to x", []string{"there are 2 kinds: name one"}},
		{"pause --dry-run= --reason " + strings.Repeat("x", 401), []string{`--dry-run is ""`, "--reason has 401 bytes: use at most 400"}},
		{"resume --component=A.b", []string{"--component"}},
		{"rebalance --dry-run=yes", []string{"--dry-run"}},
		{"resume --kubeconfig=/does/not/exist", []string{"/does/not/exist"}},
	} {
		for _, command := range NewCommands("kindred", w.session().IOStreams) {
			verb, rest, _ := strings.Cut(test.args, " ")
			if command.Name() != verb {
				continue
			}
			command.SilenceUsage, command.SilenceErrors = true, true
			command.SetArgs(strings.Fields(rest))
			err := command.ExecuteContext(t.Context())
			for _, want := range append(test.wants, "") {
				if err == nil || !strings.Contains(fmt.Sprint(err), want) {
					t.Errorf("%s: no %q in: %v", test.args, want, err)
				}
			}
		}
	}
}
