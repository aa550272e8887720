package coordinator_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/observe"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// told collects what a replica's hooks were told.
type told struct {
	mu     sync.Mutex
	events []observe.Event
}

func (o *told) options(options *coordinator.Options) {
	options.Observer = observe.Each(func(e observe.Event) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.events = append(o.events, e)
	})
}

// failing returns the operations that fail now, by what was told.
func (o *told) failing() map[string]bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	failing := map[string]bool{}
	for _, e := range o.events {
		switch e := e.(type) {
		case observe.ProblemBegan:
			failing[e.Operation] = true
		case observe.ProblemEnded:
			delete(failing, e.Operation)
		}
	}
	return failing
}

// words returns what was told since the last call, one word each, without renewals
// and what is not about one kind. What a replica's watch told of the owner follows
// after a bar: it may be faster or slower than the answers to the replica's writes.
func (o *told) words() string {
	synctest.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	var words, owners []string
	for _, e := range o.events {
		switch e := e.(type) {
		case observe.Renewed, observe.RenewalFailed, observe.Planned, observe.ProblemBegan, observe.ProblemEnded:
		case observe.DrainStarted:
			words = append(words, "DrainStarted:"+e.Reason.Name)
		case observe.Released:
			words = append(words, "Released:"+e.Reason.Name)
		case observe.Lost:
			words = append(words, "Lost:"+e.Reason.Name)
		case observe.Vacant:
			owners = append(owners, "Vacant:"+string(e.How))
		case observe.Taken:
			owners = append(owners, "Taken:"+lease.PodName(e.By))
		default:
			words = append(words, strings.TrimPrefix(fmt.Sprintf("%T", e), "observe."))
		}
	}
	o.events = nil
	return strings.Join(append(append(words, "|"), owners...), " ")
}

func (o *told) want(t *testing.T, words string) {
	t.Helper()
	if got := o.words(); got != words {
		t.Errorf("told\n  %s\nwant\n  %s", got, words)
	}
}

// the returns the last event of a type; it must be there.
func the[E observe.Event](t *testing.T, o *told) E {
	t.Helper()
	synctest.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range slices.Backward(o.events) {
		if e, ok := e.(E); ok {
			return e
		}
	}
	t.Fatalf("no %T was told", *new(E))
	panic("unreachable")
}

// TestObservedHandover is one kind's way from one replica to another and back, as both
// tell it.
func TestObservedHandover(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f, one, two := newFleet(t), &told{}, &told{}
		f.add("op-0", []string{"Queue"}, one.options)
		time.Sleep(5*time.Second + 300*time.Millisecond)
		elected := the[observe.Elected](t, one)
		if elected.After != observe.Unseen || elected.Without != 0 || elected.Reason.Name != "Planned" {
			t.Errorf("the first election was told as %+v", elected)
		}
		if e := the[observe.Renewed](t, one); e.Term != elected.Term || e.Margin < 12*time.Second || e.Margin > 14250*time.Millisecond {
			t.Errorf("a renewal was told as %+v", e)
		}
		one.want(t, "Started Joined CampaignStarted CampaignEnded Elected ReconcilerStarted | Vacant:Unknown Taken:op-0")

		f.add("op-1", []string{"Queue"}, two.options)
		time.Sleep(5 * time.Second)
		two.want(t, "Started Joined | Taken:op-0")

		// op-0 leaves. Its reconciler takes up to 700 ms to notice.
		leaving := f.replicas["op-0"]
		leaving.cancel()
		<-leaving.done
		delete(f.replicas, "op-0")
		drain, returned, released := the[observe.DrainStarted](t, one), the[observe.ReconcilerReturned](t, one), the[observe.Released](t, one)
		next := f.replicas["op-1"].Identity()
		if drain.To != next || released.To != next || released.Term != elected.Term || released.Held < 10*time.Second {
			t.Errorf("the handover to %s was told as %+v and %+v", next, drain, released)
		}
		if returned.Early || returned.Drain > time.Second {
			t.Errorf("the drain was told as %+v", returned)
		}
		// It may see the next owner before it has left, or not.
		if got, _ := strings.CutSuffix(one.words(), " Taken:op-1"); got != "DrainStarted:Leaving ReconcilerReturned Released:Leaving Left | Vacant:Released" {
			t.Errorf("the one that left told %s", got)
		}

		time.Sleep(time.Second)
		elected = the[observe.Elected](t, two)
		if gap := f.gap("Queue"); elected.After != observe.ByRelease || elected.Without > gap {
			t.Errorf("nobody had it for %v, and that was told as %+v", gap, elected)
		}
		if e := the[observe.ReconcilerStarted](t, two); e.TakeOver < elected.Without || e.TakeOver > time.Second {
			t.Errorf("the take-over was told as %+v", e)
		}
		two.want(t, "CampaignStarted CampaignEnded Elected ReconcilerStarted | Vacant:Released Taken:op-1")
	})
}

// TestObservedCrash: an owner that is not heard of any more, from both sides.
func TestObservedCrash(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f, one, two := newFleet(t), &told{}, &told{}
		f.add("op-0", []string{"Queue"}, one.options)
		time.Sleep(5 * time.Second)
		f.add("op-1", []string{"Queue"}, two.options)
		time.Sleep(5 * time.Second)
		one.words()
		two.words()

		f.replicas["op-0"].breakWith(leaseapi.Fault{Err: errDown})
		time.Sleep(20 * time.Second)
		if e := the[observe.RenewalFailed](t, one); !errors.Is(e.Err, errDown) {
			t.Errorf("a failed renewal was told as %+v", e)
		}
		if e := the[observe.ProblemBegan](t, one); !errors.Is(e.Err, errDown) {
			t.Errorf("the problem was told as %+v", e)
		}
		got := one.words()
		if !strings.HasPrefix(got, "DrainStarted:RenewFailed ReconcilerReturned Lost:RenewFailed") {
			t.Errorf("the owner told %q", got)
		}
		// The last sign of life was up to a retry period before the cut.
		if e := the[observe.Elected](t, two); e.After != observe.ByExpiry || e.Without < 15*time.Second || e.Without > 18*time.Second {
			t.Errorf("the take-over was told as %+v", e)
		}
		two.want(t, "CampaignStarted CampaignEnded Elected ReconcilerStarted | Vacant:Expired Taken:op-1")
		f.replicas["op-0"].heal()
		time.Sleep(10 * time.Second)
		if e := the[observe.ProblemEnded](t, one); e.Operation == "" {
			t.Error("a problem without a name ended")
		}
	})
}

// TestObservedLoss: a Lease that is deleted under its owner.
func TestObservedLoss(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f, one := newFleet(t), &told{}
		f.add("op-0", []string{"Queue"}, one.options)
		time.Sleep(5 * time.Second)
		one.words()
		f.remove(f.leaseName("Queue"))
		time.Sleep(5 * time.Second)
		if e := the[observe.Fenced](t, one); e.Refused != 1 || e.Reason.Name != "LeaseDeleted" || e.Method == "" {
			t.Errorf("the write that a term without a right tried was told as %+v", e)
		}
		one.want(t, "DrainStarted:LeaseDeleted Fenced ReconcilerReturned Lost:LeaseDeleted "+
			"CampaignStarted CampaignEnded Elected ReconcilerStarted | Vacant:Deleted Taken:op-0")
	})
}

// TestObservedFailure: a reconciler that returns by itself, with an error.
func TestObservedFailure(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f, one, failure := newFleet(t), &told{}, errors.New("out of paper")
		f.addKinds("op-0", []coordinator.Kind{{GroupKind: groupKind("Queue"), Reconciler: coordinator.ReconcilerFunc(
			func(ctx context.Context, _ lease.Term) error {
				select {
				case <-ctx.Done():
				case <-time.After(time.Minute):
				}
				return failure
			})}}, one.options)
		time.Sleep(60*time.Second + 500*time.Millisecond)
		if e := the[observe.ReconcilerReturned](t, one); !e.Early || e.Err != failure || e.Drain != 0 {
			t.Errorf("told as %+v", e)
		}
		one.want(t, "Started Joined CampaignStarted CampaignEnded Elected ReconcilerStarted ReconcilerReturned Released:ReconcilerEnded "+
			"| Vacant:Unknown Taken:op-0 Vacant:Released")
	})
}

// TestObservedStuck: with either policy, Stuck is told before anything else happens.
func TestObservedStuck(t *testing.T) {
	leave := func(_ *fleet, r *replica) { r.cancel() } // the Lease is renewed in the drain
	for name, c := range map[string]struct {
		policy coordinator.StuckPolicy
		end    func(f *fleet, r *replica)
		reason string
		exitIn time.Duration
	}{
		"drain, exit":      {coordinator.ExitProcess, leave, "StuckDraining", time.Second},
		"safe-until, exit": {coordinator.ExitProcess, func(_ *fleet, r *replica) { r.breakWith(leaseapi.Fault{Err: errDown}) }, "StuckSafeUntil", 0},
		"taken, exit": {coordinator.ExitProcess, func(f *fleet, _ *replica) {
			f.edit("Queue", func(holder *string, _ *int32) { *holder = "op-1" })
		}, "StuckDraining", 0},
		"keep running": {coordinator.KeepRunning, leave, "StuckDraining", -1},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				f, letGo, exits := newFleet(t), make(chan struct{}), make(chan time.Time, 1)
				stuck := make(chan observe.Stuck, 1)
				r := f.addKinds("op-0", []coordinator.Kind{deaf(letGo)}, func(o *coordinator.Options) {
					o.Stuck, o.DrainTimeout = c.policy, 5*time.Second
					o.Observer = &observe.Hooks{Stuck: func(e observe.Stuck) {
						stuck <- e
						if !e.ExitAt.IsZero() {
							<-letGo // a hook that takes longer than it may
						}
					}}
				})
				coordinator.SetExit(r.Coordinator, func(int) { exits <- time.Now() })
				time.Sleep(5 * time.Second)
				c.end(f, r)
				e, at := <-stuck, time.Now()
				if e.Reason.Name != c.reason || e.Term.Holder != r.Identity() {
					t.Errorf("told as %+v", e)
				}
				if c.exitIn >= 0 {
					if got := (<-exits).Sub(at); got != c.exitIn || !e.ExitAt.Equal(at.Add(c.exitIn)) {
						t.Errorf("the process ends %v after it was told, want %v: %+v", got, c.exitIn, e)
					}
				} else if !e.ExitAt.IsZero() {
					t.Errorf("a process that goes on was told to end: %+v", e)
				}
				close(letGo)
				delete(f.replicas, "op-0")
				r.cancel()
				<-r.done
			})
		})
	}
}

// TestObservedPlan: a kind that is not where the plan has it, because rebalancing is
// held back.
func TestObservedPlan(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f, one := newFleet(t), &told{}
		slow := func(o *coordinator.Options) { o.RebalanceDelay = time.Minute }
		f.add("op-0", five, one.options, slow)
		time.Sleep(10 * time.Second)
		f.add("op-1", five, slow)
		time.Sleep(10 * time.Second)
		if e := the[observe.Planned](t, one); e.Elsewhere != 2 {
			t.Errorf("told as %+v, want two of five", e)
		}
		time.Sleep(70 * time.Second)
		if e := the[observe.Planned](t, one); e.Elsewhere != 0 {
			t.Errorf("told as %+v after they have moved", e)
		}
		f.wantOwned(2, 3)
	})
}
