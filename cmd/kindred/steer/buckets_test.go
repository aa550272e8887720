package steer

import (
	"strings"
	"testing"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// newSplit is a world with a kind in two buckets, both with a, and one that is whole.
func newSplit(t *testing.T) *world {
	serves := "Queue/0-of-2 Queue/1-of-2 Topic"
	return newWorld(t, owned("op", "Queue/0-of-2", "a"), owned("op", "Queue/1-of-2", "a"), owned("op", "Topic", "a"),
		owned("op", "Queue", ""), // for its mark
		member(t, "op", "a", serves), member(t, "op", "b", serves))
}

func TestMoveOneBucket(t *testing.T) {
	w := newSplit(t)
	if err := w.session(to("b"), noWait).move(t.Context(), "queue/1-of-2"); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(w.out.String(), "Queue.example.com/1-of-2  is moved to b") {
		t.Errorf("it says %q", w.out)
	}
	if got := w.annotations("Queue/1-of-2")[lease.AnnotationMoveTo]; got != "b" {
		t.Errorf("the bucket's Lease says %q", got)
	}
	for _, other := range []string{"Queue/0-of-2", "Queue", "Topic"} {
		if got := w.annotations(other); len(got) != 0 {
			t.Errorf("%s, which was not named, says %q", other, got)
		}
	}
}

func TestMoveAllBucketsIsRefused(t *testing.T) {
	w := newSplit(t)
	err := w.session(to("b"), noWait).move(t.Context(), "Queue")
	if err == nil || !strings.Contains(err.Error(), "has several buckets: name one, as in Queue.example.com/0-of-2") {
		t.Errorf("the error is %v", err)
	}
	err = w.session(to("b"), noWait).move(t.Context(), "Queue/2-of-3")
	if err == nil || !strings.Contains(err.Error(), "there are Queue.example.com/0-of-2, Queue.example.com/1-of-2, Topic.example.com") {
		t.Errorf("for a bucket that there is not, the error is %v", err)
	}
	if writes := w.writes(); len(writes) > 0 {
		t.Errorf("it wrote all the same: %v", writes)
	}
}

func TestPauseAllBuckets(t *testing.T) {
	w := newSplit(t)
	if err := w.session().changeAll(t.Context(), []string{"Queue"}, pause); err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[string]bool{"Queue/0-of-2": true, "Queue/1-of-2": true, "Queue": false, "Topic": false} {
		if _, paused := w.annotations(kind)[lease.AnnotationPaused]; paused != want {
			t.Errorf("%s is paused: %v, want %v", kind, paused, want)
		}
	}
}
