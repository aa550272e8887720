package demo

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/pkg/inspect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

var twoKinds = []schema.GroupKind{{Group: "g.io", Kind: "A"}, {Group: "g.io", Kind: "B"}}

// state is a snapshot in which replica-1 owns A and replica-2 owns B.
func state(edits ...func(*inspect.Snapshot)) *inspect.Snapshot {
	s := &inspect.Snapshot{}
	for i, kind := range twoKinds {
		name := []string{"replica-1", "replica-2"}[i]
		s.Kinds = append(s.Kinds, inspect.Kind{Kind: kind.Kind, Group: kind.Group, Lease: strings.ToLower(kind.Kind), Owner: name, Holder: name + "_x", State: inspect.Owned})
		s.Replicas = append(s.Replicas, inspect.Replica{Name: name, Identity: name + "_x", Lease: name, Phase: lease.Ready, Capacity: 1, Owned: 1, Owns: []string{kind.String()}, Alive: true})
	}
	for _, edit := range edits {
		edit(s)
	}
	return s
}

func TestWrong(t *testing.T) {
	both := []string{"replica-1", "replica-2"}
	tests := map[string]struct {
		state   *inspect.Snapshot
		running []string
		want    string
	}{
		"as it should be":    {state(), both, ""},
		"a kind is missing":  {state(func(s *inspect.Snapshot) { s.Kinds = s.Kinds[:1] }), both, "B.g.io has no owner and no Lease"},
		"a kind is vacant":   {state(func(s *inspect.Snapshot) { s.Kinds[1].State, s.Kinds[1].Owner = inspect.Vacant, "" }), both, "B.g.io has no owner"},
		"its owner is dead":  {state(), both[:1], "B.g.io is held by replica-2, whose process has ended"},
		"one is not seen":    {state(), append(both, "replica-3"), "replica-3 runs and is not seen"},
		"one is not ready":   {state(func(s *inspect.Snapshot) { s.Replicas[1].Phase = lease.Starting }), both, "replica-2 is starting"},
		"nobody runs":        {&inspect.Snapshot{}, nil, "no replica runs"},
		"a Lease is odd":     {state(func(s *inspect.Snapshot) { s.Problems = []string{"odd"} }), both, "odd"},
		"nothing is there":   {&inspect.Snapshot{}, both, "A.g.io has no owner and no Lease"},
		"one left behind":    {state(func(s *inspect.Snapshot) { s.Replicas = append(s.Replicas, inspect.Replica{Name: "replica-0"}) }), both, ""},
		"the Lease is stale": {state(func(s *inspect.Snapshot) { s.Kinds[0].State = inspect.Stale }), both, "has not renewed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(wrong(test.state, twoKinds, test.running), "; ")
			if test.want == "" && got != "" || !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestSettling(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	start := newStopwatch(now)
	start.done("control plane", now.Add(4*time.Second))
	s := settling{since: now, first: true}
	s.disturb("nothing counts yet", now)
	steps := []struct {
		do   func()
		ok   bool
		at   time.Duration
		want string
	}{
		{ok: false, at: 5 * time.Second},
		{ok: true, at: 6400 * time.Millisecond, want: "balanced after 6.4 s (control plane 4.0 s, election and balance 2.4 s)"},
		{ok: true, at: 7 * time.Second},
		{do: func() { s.disturb("kill of replica-2", now.Add(10*time.Second)) }, ok: false, at: 11 * time.Second},
		{ok: true, at: 27 * time.Second, want: "balanced again, 17.0 s after kill of replica-2"},
		{ok: false, at: 30 * time.Second},
		{ok: true, at: 31 * time.Second, want: "balanced again, 1.0 s after it was not"},
	}
	for _, step := range steps {
		if step.do != nil {
			step.do()
		}
		if got := s.observe(step.ok, now.Add(step.at), start); got != step.want {
			t.Errorf("after %v: got %q, want %q", step.at, got, step.want)
		}
	}
}

// The keys of the last line are a promise.
func TestReportIsOneLine(t *testing.T) {
	gone := func(s *inspect.Snapshot) { s.Replicas = append(s.Replicas, inspect.Replica{Name: "gone"}) }
	out := &bytes.Buffer{}
	if err := newReport(state(gone), nil, 6400*time.Millisecond).writeJSON(out); err != nil {
		t.Fatal(err)
	}
	if strings.Count(out.String(), "\n") != 1 || !strings.HasSuffix(out.String(), "\n") {
		t.Errorf("not one line: %q", out)
	}
	got := struct {
		Kinds []struct {
			Kind, Group, Lease, Owner *string
			Term                      *int
			Since                     json.RawMessage
		}
		Replicas []struct {
			Name  *string
			Owned *int
		}
		Balanced             bool
		BalancedAfterSeconds float64
	}{}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, k := range got.Kinds {
		if k.Kind == nil || k.Group == nil || k.Lease == nil || k.Owner == nil || k.Term == nil || k.Since == nil {
			t.Errorf("a kind lacks a key: %s", out)
		}
	}
	if len(got.Replicas) != 2 || *got.Replicas[0].Name != "replica-1" || *got.Replicas[0].Owned != 1 {
		t.Errorf("replicas: %s", out)
	}
	if !got.Balanced || got.BalancedAfterSeconds != 6.4 {
		t.Errorf("verdict: %s", out)
	}
}
