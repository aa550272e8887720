package coordinator_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// kubelet tells one replica about Pods.
type kubelet chan lease.Pod

func (k kubelet) Watch(ctx context.Context, sink func(lease.Pod), _ func(string, error)) {
	for {
		select {
		case p := <-k:
			sink(p)
		case <-ctx.Done():
			return
		}
	}
}

func inPod(uid string) func(*coordinator.Options) {
	return func(o *coordinator.Options) { o.PodUID, o.Container = uid, "main" }
}

// crash ends a replica without a word: it works no more, and its Leases name it.
func (f *fleet) crash(name string) {
	f.t.Helper()
	r := f.replicas[name]
	delete(f.replicas, name)
	r.breakWith(leaseapi.Fault{Err: errors.New("crashed")})
	r.cancel() // nobody hears of what it tries from here on
	f.t.Cleanup(func() { <-r.done })
	time.Sleep(100 * time.Millisecond)
}

// A process that comes after another in the same container takes back what that one
// owned, also while the others are there.
func TestNextProcessTakesItsLeasesBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		f.add("op-0", five, inPod("uid-0"))
		f.add("op-1", five, inPod("uid-1"))
		time.Sleep(20*time.Second + 300*time.Millisecond)
		var mine []string
		for kind, owner := range f.owners() {
			if owner == "op-1" {
				mine = append(mine, kind)
			}
		}
		if len(mine) < 2 {
			t.Fatalf("op-1 owns %v, want its share", mine)
		}
		f.crash("op-1")
		began := time.Now()
		f.add("op-1", five, inPod("uid-1"))
		time.Sleep(2 * time.Second)
		for _, kind := range mine {
			if owner := f.owners()[kind]; owner != "op-1" || f.stopped[kind].After(began) {
				t.Errorf("%s belongs to %q two seconds after op-1 started again", kind, owner)
			}
		}
	})
}

// The kubelet's word that a container has ended frees its Leases, and nothing else
// does.
func TestContainerEndedFreesItsLeases(t *testing.T) {
	for name, c := range map[string]struct {
		said lease.Pod
		soon bool
	}{
		"ended":                {lease.Pod{Containers: []lease.Container{{Name: "main", Finished: time.Now().Add(1000 * time.Hour)}}}, true},
		"an earlier one ended": {lease.Pod{Containers: []lease.Container{{Name: "main", Finished: time.Unix(1, 0)}}}, false},
		"running":              {lease.Pod{Containers: []lease.Container{{Name: "main", Running: true}}}, false},
		"the Pod has failed":   {lease.Pod{Final: true}, true},
		"the node is gone":     {lease.Pod{Final: true, Containers: []lease.Container{{Name: "main", Running: true}}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				f := newFleet(t)
				pods := make(kubelet)
				f.add("op-0", []string{"Queue"}, inPod("uid-0"))
				time.Sleep(5*time.Second + 300*time.Millisecond)
				f.add("op-1", []string{"Queue"}, inPod("uid-1"), func(o *coordinator.Options) { o.Pods = pods })
				time.Sleep(5 * time.Second)
				f.crash("op-0")
				crashed := time.Now()
				said := c.said
				said.UID = "uid-0"
				pods <- said
				time.Sleep(2 * time.Second)
				if owner := f.owners()["Queue"]; (owner == "op-1") != c.soon {
					t.Errorf("two seconds after the crash Queue belongs to %q", owner)
				}
				time.Sleep(20 * time.Second)
				if owner := f.owners()["Queue"]; owner != "op-1" {
					t.Errorf("%v after the crash Queue belongs to %q", time.Since(crashed), owner)
				}
			})
		})
	}
}
