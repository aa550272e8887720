package coordinator_test

import (
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
)

func TestFiveReplicasStartedTogetherOwnOneKindEach(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		for _, name := range names(5) {
			f.add(name, five)
		}
		time.Sleep(time.Second)
		if got := len(f.owners()); got != 5 {
			t.Errorf("after 1 s %d kinds have an owner, want all 5 (I5)", got)
		}
		time.Sleep(coordinator.DefaultRebalanceDelay)
		f.wantOwned(1, 1, 1, 1, 1)
		starts := f.started()
		time.Sleep(10 * time.Minute)
		if f.started() != starts {
			t.Errorf("%d reconcilers were started in ten quiet minutes; the plan must settle (I6)", f.started()-starts)
		}
	})
}

func TestFiveReplicasStartedOneByOne(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		for _, name := range names(5) {
			f.add(name, five)
			time.Sleep(20 * time.Second)
			if got := len(f.owners()); got != 5 {
				t.Errorf("%d kinds have an owner with %d replicas, want 5", got, len(f.replicas))
			}
		}
		f.wantOwned(1, 1, 1, 1, 1)
		if f.started() > 5+5 {
			t.Errorf("%d starts for five kinds; each join may move one or two", f.started())
		}
	})
}

func TestScale(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		for _, name := range names(5) {
			f.add(name, five)
		}
		time.Sleep(20 * time.Second)
		for _, name := range names(5)[3:] {
			if err := f.stop(name); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		time.Sleep(time.Second)
		if got := len(f.owners()); got != 5 {
			t.Errorf("a second after two replicas left %d kinds have an owner, want 5", got)
		}
		time.Sleep(20 * time.Second)
		f.wantOwned(1, 2, 2)
		for _, name := range names(5)[3:] {
			f.add(name, five)
		}
		time.Sleep(20 * time.Second)
		f.wantOwned(1, 1, 1, 1, 1)
	})
}

func TestMoreKindsThanReplicasAndFewer(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		for _, name := range names(2) {
			f.add(name, five)
		}
		time.Sleep(20 * time.Second)
		f.wantOwned(2, 3)
		for _, name := range names(7)[2:] {
			f.add(name, five)
		}
		time.Sleep(20 * time.Second)
		f.wantOwned(0, 0, 1, 1, 1, 1, 1)
	})
}

func TestReplicasThatServeDifferentKinds(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		// An upgrade that drops Bucket and adds Topic: each version serves its own.
		f.add("old-0", []string{"Bucket", "Cache", "Database"})
		f.add("old-1", []string{"Bucket", "Cache", "Database"})
		f.add("new-0", []string{"Cache", "Database", "Topic"})
		time.Sleep(20 * time.Second)
		owners := f.owners()
		if len(owners) != 4 {
			t.Errorf("owners are %v, want all four kinds owned", owners)
		}
		if owners["Topic"] != "new-0" {
			t.Errorf("Topic is owned by %q, and only new-0 serves it", owners["Topic"])
		}
		if o := owners["Bucket"]; o != "old-0" && o != "old-1" {
			t.Errorf("Bucket is owned by %q, and only the old ones serve it", o)
		}
		f.wantOwned(1, 1, 2)
	})
}

func TestWeightAndCapacity(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		for _, name := range names(2) {
			kinds := []coordinator.Kind{}
			for _, kind := range five {
				k := coordinator.Kind{GroupKind: groupKind(kind), Reconciler: f.reconciler(name, kind), Weight: 1}
				if kind == "Queue" {
					k.Weight = 4
				}
				kinds = append(kinds, k)
			}
			f.addKinds(name, kinds)
		}
		time.Sleep(20 * time.Second)
		f.wantOwned(1, 4)
		f.add("big", five, func(o *coordinator.Options) { o.Capacity = 100 })
		time.Sleep(20 * time.Second)
		if got := f.owners()["Queue"]; got != "big" {
			t.Errorf("the heaviest kind is on %s, want it on the replica with a hundred times the capacity", got)
		}
	})
}

func TestIdleFleetReadsNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		for _, name := range names(5) {
			f.add(name, five)
		}
		time.Sleep(30 * time.Second)
		before := f.api.Requests()
		time.Sleep(10 * time.Minute)
		after := f.api.Requests()
		for verb, n := range after {
			if verb != "update" && n != before[verb] {
				t.Errorf("%d %s requests in ten idle minutes, want none", n-before[verb], verb)
			}
		}
		// Five renewals every 2 s and five heartbeats every 5 s.
		want := 10*60*5/2 + 10*60*5/5
		if got := after["update"] - before["update"]; got < want*9/10 || got > want*11/10 {
			t.Errorf("%d updates in ten idle minutes, want about %d", got, want)
		}
	})
}
