package fleet

import (
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/test/bench/journal"
)

func TestCovered(t *testing.T) {
	now := time.Unix(1000, 0)
	run := func(kind, replica string) journal.Stretch {
		return journal.Stretch{Kind: kind, Replica: replica, From: now.Add(-time.Second)}
	}
	kinds, pods := []string{"X", "Y"}, []string{"a", "b"}
	for _, c := range []struct {
		name string
		all  []journal.Stretch
		ok   bool
	}{
		{"each by one", []journal.Stretch{run("X", "a"), run("Y", "b")}, true},
		{"one by nobody", []journal.Stretch{run("X", "a")}, false},
		{"one by two", []journal.Stretch{run("X", "a"), run("X", "b"), run("Y", "b")}, false},
		{"one by a replica that leaves", []journal.Stretch{run("X", "a"), run("Y", "c")}, false},
	} {
		if err := covered(c.all, kinds, pods, now); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
