package coordinator_test

import (
	"errors"
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

var errDown = errors.New("connection refused")

func TestOneReplicaCutOff(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		for _, name := range names(3) {
			f.add(name, five)
		}
		time.Sleep(20 * time.Second)
		f.wantOwned(1, 2, 2)
		f.replicas["op-1"].breakWith(leaseapi.Fault{Err: errDown})
		f.api.BreakWatches()
		time.Sleep(30 * time.Second)
		owners := f.owners()
		if len(owners) != 5 {
			t.Errorf("30 s after op-1 was cut off %v have an owner, want all five kinds", owners)
		}
		for kind, owner := range owners {
			if owner == "op-1" {
				t.Errorf("op-1 still runs %s without an API server", kind)
			}
		}
		f.replicas["op-1"].heal()
		time.Sleep(30 * time.Second)
		f.wantOwned(1, 2, 2)
	})
}

func TestAPIServerDownForEveryone(t *testing.T) {
	for _, down := range []time.Duration{5 * time.Second, 12 * time.Second, 25 * time.Second, 10 * time.Minute} {
		t.Run(down.String(), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				f := newFleet(t)
				for _, name := range names(5) {
					f.add(name, five)
				}
				time.Sleep(20 * time.Second)
				starts := f.started()
				for _, r := range f.replicas {
					r.breakWith(leaseapi.Fault{Err: errDown})
				}
				f.api.BreakWatches()
				time.Sleep(down)
				for _, r := range f.replicas {
					r.heal()
				}
				time.Sleep(time.Minute)
				f.wantOwned(1, 1, 1, 1, 1)
				if down < 8*time.Second && f.started() != starts {
					t.Errorf("an outage of %v restarted reconcilers; it is shorter than the renew deadline", down)
				}
			})
		})
	}
}

// TestProblemsEndAfterAnOutage: also those with a kind that another replica has taken
// meanwhile, so that an alert ends.
func TestProblemsEndAfterAnOutage(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f, one := newFleet(t), &told{}
		f.add("op-0", []string{"Queue"}, one.options)
		time.Sleep(5 * time.Second)
		f.add("op-1", []string{"Queue"})
		time.Sleep(5 * time.Second)
		f.replicas["op-0"].breakWith(leaseapi.Fault{Err: errDown})
		f.api.BreakWatches()
		time.Sleep(30 * time.Second)
		if failing := one.failing(); !failing["list"] || !failing["lease "+f.leaseName("Queue")] {
			t.Errorf("in the outage these fail: %v", failing)
		}
		f.replicas["op-0"].heal()
		time.Sleep(30 * time.Second)
		if failing := one.failing(); len(failing) > 0 || f.owners()["Queue"] != "op-1" {
			t.Errorf("after the outage these fail: %v; owners are %v", failing, f.owners())
		}
	})
}

func TestRequestsThatHang(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		for _, name := range names(3) {
			f.add(name, five)
		}
		time.Sleep(20 * time.Second)
		f.replicas["op-0"].breakWith(leaseapi.Fault{Hang: true}, "update", "get", "create")
		time.Sleep(40 * time.Second)
		if owners := f.owners(); len(owners) != 5 {
			t.Errorf("owners are %v, want all five kinds owned", owners)
		}
		f.replicas["op-0"].heal()
		time.Sleep(time.Minute)
		f.wantOwned(1, 2, 2)
	})
}

func TestAnswersThatAreLost(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		for _, name := range names(2) {
			f.add(name, five).breakWith(leaseapi.Fault{LoseAnswer: true}, "update", "create")
		}
		time.Sleep(30 * time.Second)
		for _, r := range f.replicas {
			r.heal()
		}
		time.Sleep(time.Minute)
		f.wantOwned(2, 3)
		// Every answer to op-0's writes is lost while it leaves: what it held is taken
		// over all the same.
		f.replicas["op-0"].breakWith(leaseapi.Fault{LoseAnswer: true}, "update", "create")
		if err := f.stop("op-0"); err != nil {
			t.Error(err)
		}
		time.Sleep(5 * time.Second)
		f.wantOwned(5)
	})
}

func TestLeaseDeletedByHand(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		for _, name := range names(5) {
			f.add(name, five)
		}
		time.Sleep(20 * time.Second)
		for range 5 {
			for _, kind := range five {
				f.remove(f.leaseName(kind))
			}
			time.Sleep(10 * time.Second)
			f.wantOwned(1, 1, 1, 1, 1)
		}
		f.remove(lease.MemberName("op", f.replicas["op-3"].Identity()))
		time.Sleep(10 * time.Second)
		f.wantOwned(1, 1, 1, 1, 1)
	})
}

func TestWatchBroken(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		for _, name := range names(5) {
			f.add(name, five)
		}
		time.Sleep(20 * time.Second)
		starts := f.started()
		for range 20 {
			f.api.BreakWatches()
			time.Sleep(3 * time.Second)
		}
		if f.started() != starts {
			t.Error("broken watches restarted reconcilers")
		}
		f.wantOwned(1, 1, 1, 1, 1)
	})
}
