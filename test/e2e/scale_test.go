package e2e

import "testing"

// TestScale: five replicas, three, and five again.
func TestScale(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.start(names(5)...)
	f.settle()

	mark := f.journal.mark()
	f.stop("op-3", "op-4")
	f.settle()
	// Two kinds lose their owners. The first to go may hand its kind to the second,
	// which has not said yet that it goes too.
	if moves := f.journal.starts(mark); moves > 4 {
		t.Errorf("%d reconcilers were started when two of five replicas stopped", moves)
	}

	mark = f.journal.mark()
	f.start("op-5", "op-6")
	f.settle()
	if moves := f.journal.starts(mark); moves != 2 {
		t.Errorf("%d reconcilers were started for two more replicas, want 2", moves)
	}
}

// TestMoreKindsThanReplicas: two replicas share five kinds, and one that stays
// alone has them all.
func TestMoreKindsThanReplicas(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.start("op-0", "op-1")
	f.settle()
	f.stop("op-1")
	f.settle()
}

// TestFewerKindsThanReplicas: of seven replicas two own nothing, and take over
// when an owner stops. Those two can go without anything moving.
func TestFewerKindsThanReplicas(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.start(names(7)...)
	f.settle()
	f.stop(f.owner(database))
	f.settle()
	mark := f.journal.mark()
	for _, name := range f.names() {
		if len(f.kindsOf(name)) == 0 {
			f.stop(name)
		}
	}
	f.settle()
	if moves := f.journal.starts(mark); moves != 0 {
		t.Errorf("%d reconcilers were started when a replica without a kind stopped", moves)
	}
}
