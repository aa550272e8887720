package patterns_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kindred-k8s/kindred/docs/examples/patterns"
	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

var errDown = errors.New("the API server is down")

// Act outside the cluster with the term's token. The first owner is cut off and does
// not notice: it does not stop, and nothing ends its process. The second takes over,
// and what the first sends afterwards is refused where it arrives.
func TestOutsideTheCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, store := leaseapi.New(), &patterns.Store{}
		var cutOff atomic.Bool
		late := make(chan struct{})
		refused := make(chan error, 1)
		first := newReplica(api.Client(func(string, string) leaseapi.Fault {
			if cutOff.Load() {
				return leaseapi.Fault{Err: errDown}
			}
			return leaseapi.Fault{}
		}), "pod-1", func(_ context.Context, term lease.Term) error {
			if err := store.Put(term.Token(), "owner", "pod-1"); err != nil {
				t.Error(err)
			}
			<-late // deaf to its context
			refused <- store.Put(term.Token(), "owner", "pod-1, late")
			return nil
		}, func(o *coordinator.Options) { o.Stuck = coordinator.KeepRunning }).run()
		time.Sleep(5 * time.Second)
		if got := store.Get("owner"); got != "pod-1" {
			t.Fatalf("the store has %q, want what the first owner wrote", got)
		}

		second := newReplica(api.Client(nil), "pod-2", func(ctx context.Context, term lease.Term) error {
			if err := store.Put(term.Token(), "owner", "pod-2"); err != nil {
				t.Error(err)
			}
			<-ctx.Done()
			return nil
		}).run()
		cutOff.Store(true)
		time.Sleep(time.Minute)
		close(late)
		if err := <-refused; err == nil || !strings.Contains(err.Error(), "older term") {
			t.Errorf("the former owner's write: %v, want that it is refused", err)
		}
		if got := store.Get("owner"); got != "pod-2" {
			t.Errorf("the store has %q, want what the owner wrote", got)
		}
		cutOff.Store(false)
		synctest.Wait() // until the first replica knows that its work has ended
		first.leave()
		second.leave()
	})
}

func TestStoreTokens(t *testing.T) {
	store := &patterns.Store{}
	for _, step := range []struct {
		token string
		taken bool
	}{
		{"a/1", true}, {"a/1", true}, {"a/3", true}, {"a/2", false}, {"b/0", false}, {"a", false}, {"a/x", false}, {"/4", false}, {"a/3", true},
	} {
		if err := store.Put(step.token, "key", step.token); (err == nil) != step.taken {
			t.Errorf("token %s: %v, want it taken: %v", step.token, err, step.taken)
		}
	}
	store.Adopt("b")
	if err := store.Put("b/0", "key", "b/0"); err != nil {
		t.Error(err)
	}
	if err := store.Put("a/9", "key", "a/9"); err == nil {
		t.Error("a token of the Lease that is gone was taken")
	}
}
