package coordinator_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// registered are the kinds of a replica, as change has them.
func (f *fleet) registered(name string, kinds []string, change func(*coordinator.Kind)) []coordinator.Kind {
	var all []coordinator.Kind
	for _, kind := range kinds {
		k := coordinator.Kind{GroupKind: groupKind(kind), Reconciler: f.reconciler(name, kind)}
		change(&k)
		all = append(all, k)
	}
	return all
}

// The kinds of a group are always with one owner once things are at rest, whoever
// comes and goes.
func TestGroupMovesAsOne(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		add := func(name string) {
			f.addKinds(name, f.registered(name, five, func(k *coordinator.Kind) {
				if k.GroupKind == groupKind("Cache") || k.GroupKind == groupKind("Queue") {
					k.Group = "shared connection"
				}
			}))
			time.Sleep(15*time.Second + 300*time.Millisecond)
		}
		together := func(when string) {
			t.Helper()
			owners := f.owners()
			if owners["Cache"] == "" || owners["Cache"] != owners["Queue"] {
				t.Errorf("%s Cache is with %q and Queue with %q", when, owners["Cache"], owners["Queue"])
			}
		}
		add("op-0")
		together("with one replica")
		add("op-1")
		together("with two replicas")
		f.wantOwned(2, 3)
		add("op-2")
		together("with three replicas")
		f.wantOwned(1, 2, 2)
		if err := f.stop(f.owners()["Cache"]); err != nil {
			t.Error(err)
		}
		time.Sleep(15 * time.Second)
		together("after their owner has left")
	})
}

// A kind's own timing is that of its Lease, its renewals, and its takeover.
func TestTimingOfAKind(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		slow := lease.Timing{LeaseDuration: time.Minute, RenewDeadline: 40 * time.Second, RetryPeriod: 10 * time.Second}
		add := func(name string) *replica {
			return f.addKinds(name, f.registered(name, []string{"Queue", "Topic"}, func(k *coordinator.Kind) {
				if k.GroupKind == groupKind("Topic") {
					k.Timing = slow
				}
			}))
		}
		add("op-0")
		time.Sleep(5*time.Second + 300*time.Millisecond)
		if got := *f.lease("Topic").Spec.LeaseDurationSeconds; got != 60 {
			t.Errorf("the Lease of Topic lasts %d s, want 60", got)
		}
		versions := map[string]map[string]bool{"Queue": {}, "Topic": {}}
		for range 600 {
			time.Sleep(100 * time.Millisecond)
			for kind := range versions {
				versions[kind][f.lease(kind).ResourceVersion] = true
			}
		}
		if q, topic := len(versions["Queue"]), len(versions["Topic"]); q < 25 || q > 35 || topic < 5 || topic > 8 {
			t.Errorf("in a minute Queue was renewed %d times and Topic %d times, want about 30 and 6", q, topic)
		}
		add("op-1")
		time.Sleep(20 * time.Second)
		f.crash("op-0")
		for kind, limit := range map[string]time.Duration{"Queue": 30 * time.Second, "Topic": 2 * time.Minute} {
			began := time.Now()
			for f.owners()[kind] != "op-1" && time.Since(began) < limit {
				time.Sleep(time.Second)
			}
		}
		if owners := f.owners(); owners["Queue"] != "op-1" || owners["Topic"] != "op-1" {
			t.Errorf("after the crash of op-0 the owners are %v", owners)
		}
	})
}

// No more kinds are on their way than the bound allows.
func TestMaxHandovers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		kinds := []string{"A", "B", "C", "D", "E", "F", "G", "H"}
		bounded := func(o *coordinator.Options) { o.MaxHandovers = 1 }
		f.add("op-0", kinds, bounded)
		time.Sleep(5*time.Second + 300*time.Millisecond)
		f.add("op-1", kinds, bounded)
		most, moved := 0, 0
		for range 3000 {
			time.Sleep(10 * time.Millisecond)
			synctest.Wait()
			if away := len(kinds) - len(f.owners()); away > most {
				most = away
			}
		}
		for _, owner := range f.owners() {
			if owner == "op-1" {
				moved++
			}
		}
		if most > 1 || moved != 4 {
			t.Errorf("%d kinds were on their way at once and %d moved, want one at a time and 4", most, moved)
		}
	})
}

// Everything that is wrong with a kind's timing is said with the kind's name.
func TestTimingOfAKindIsChecked(t *testing.T) {
	_, err := coordinator.NewWithLeases(nil, quiet("op-0"), coordinator.Kind{
		GroupKind: groupKind("Queue"), Reconciler: coordinator.ReconcilerFunc(nil),
		Timing: lease.Timing{LeaseDuration: 1500 * time.Millisecond},
	})
	if err == nil || !strings.Contains(err.Error(), "kind Queue.sample.kindred.dev: ") || !strings.Contains(err.Error(), "whole seconds") {
		t.Errorf("error %v", err)
	}
}
