package coordinator_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

const group = "sample.kindred.dev"

var five = []string{"Bucket", "Cache", "Database", "Queue", "Topic"}

func groupKind(kind string) schema.GroupKind { return schema.GroupKind{Group: group, Kind: kind} }

// fleet is several replicas on one Lease API in virtual time, with a record of
// which reconcilers ran when. It fails the test when two reconcilers of one kind
// ever run at once, or when a write arrives from a term that is not the last.
type fleet struct {
	t        *testing.T
	api      *leaseapi.API
	start    time.Time
	replicas map[string]*replica

	mu      sync.Mutex
	running map[string]string // kind -> replica
	terms   map[string]bool   // tokens that have been used
	newest  map[string]string // kind -> token of the last term that was started
	starts  int
	gaps    map[string]time.Duration // kind -> time without a reconciler, the last one
	stopped map[string]time.Time
	edited  map[string]bool // kinds whose Lease a test has written by hand
}

// replica is one coordinator of a fleet.
type replica struct {
	*coordinator.Coordinator
	cancel context.CancelFunc
	done   chan struct{}
	err    error // what Run returned; read after done

	mu    sync.Mutex
	fault leaseapi.Fault
	verbs []string // which verbs the fault is for; nil for all
	any   func(verb, name string) leaseapi.Fault
}

func newFleet(t *testing.T) *fleet {
	f := &fleet{
		t: t, api: leaseapi.New(), start: time.Now(),
		replicas: map[string]*replica{}, running: map[string]string{},
		terms: map[string]bool{}, newest: map[string]string{}, gaps: map[string]time.Duration{}, stopped: map[string]time.Time{},
		edited: map[string]bool{},
	}
	t.Cleanup(f.stopAll)
	return f
}

// inBubble runs test in virtual time. Goroutines that outlive it fail it.
func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

// quiet are options without a log.
func quiet(name string) coordinator.Options {
	discard := logr.Discard()
	return coordinator.Options{Component: "op", Namespace: "default", PodName: name, Logger: &discard}
}

// add starts a replica that serves kinds; change may change its options.
func (f *fleet) add(name string, kinds []string, change ...func(*coordinator.Options)) *replica {
	f.t.Helper()
	var registered []coordinator.Kind
	for _, kind := range kinds {
		registered = append(registered, coordinator.Kind{GroupKind: groupKind(kind), Reconciler: f.reconciler(name, kind)})
	}
	return f.addKinds(name, registered, change...)
}

func (f *fleet) addKinds(name string, kinds []coordinator.Kind, change ...func(*coordinator.Options)) *replica {
	f.t.Helper()
	options := quiet(name)
	for _, c := range change {
		c(&options)
	}
	r := &replica{done: make(chan struct{})}
	c, err := coordinator.NewWithLeases(f.api.Client(r.faultFor), options, kinds...)
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.Coordinator, r.cancel = c, cancel
	go func() {
		defer close(r.done)
		r.err = c.Run(ctx)
	}()
	f.replicas[name] = r
	return r
}

func (r *replica) faultFor(verb, name string) leaseapi.Fault {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.any != nil {
		return r.any(verb, name)
	}
	if r.verbs != nil && !slices.Contains(r.verbs, verb) {
		return leaseapi.Fault{}
	}
	return r.fault
}

// breakWith makes the replica's requests fail from now on; heal ends it.
func (r *replica) breakWith(fault leaseapi.Fault, verbs ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fault, r.verbs, r.any = fault, verbs, nil
}

// faulty makes each request fail, or not, as faults says.
func (r *replica) faulty(faults func(verb, name string) leaseapi.Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.any = faults
}

func (r *replica) heal() { r.breakWith(leaseapi.Fault{}) }

// stop lets a replica leave and returns what Run returned.
func (f *fleet) stop(name string) error {
	f.t.Helper()
	r := f.replicas[name]
	delete(f.replicas, name)
	r.cancel()
	<-r.done
	return r.err
}

func (f *fleet) stopAll() {
	for _, name := range slices.Sorted(maps.Keys(f.replicas)) {
		f.replicas[name].heal()
		f.replicas[name].cancel()
	}
	for name, r := range f.replicas {
		<-r.done
		if r.err != nil {
			f.t.Errorf("%s: Run returned %v", name, r.err)
		}
	}
}

// reconciler returns one that records its life, writes all the time, finishes with
// a write, and stops when it is told to.
func (f *fleet) reconciler(name, kind string) coordinator.Reconciler {
	return coordinator.ReconcilerFunc(func(ctx context.Context, term lease.Term) error {
		defer f.began(name, kind, term)()
		for ctx.Err() == nil {
			f.mustWrite(ctx, kind)
			select {
			case <-ctx.Done():
			case <-time.After(700 * time.Millisecond):
			}
		}
		f.mustWrite(context.WithoutCancel(ctx), kind)
		return nil
	})
}

// began records that a reconciler has started; the result records that it ended.
func (f *fleet) began(name, kind string, term lease.Term) func() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if other, busy := f.running[kind]; busy && !f.edited[kind] {
		f.t.Errorf("%v: I1 broken: %s starts %s while %s runs it", time.Since(f.start), name, kind, other)
	}
	if f.terms[term.Token()] {
		f.t.Errorf("%v: two terms have the token %s", time.Since(f.start), term.Token())
	}
	f.terms[term.Token()] = true
	f.newest[kind] = term.Token()
	f.running[kind] = name
	f.starts++
	if at, ok := f.stopped[kind]; ok {
		f.gaps[kind] = time.Since(at)
	}
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.running[kind] == name {
			delete(f.running, kind)
		}
		f.stopped[kind] = time.Now()
		// I2: while the reconciler is still here, the Lease must not be free.
		if l := f.lease(kind); !f.edited[kind] && l != nil && l.Spec.HolderIdentity != nil && *l.Spec.HolderIdentity == "" {
			f.t.Errorf("%v: I2 broken: the Lease of %s was released before %s returned", time.Since(f.start), kind, name)
		}
	}
}

// owners returns who runs what now.
func (f *fleet) owners() map[string]string {
	synctest.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.running)
}

// owned returns how many kinds each replica that runs any has, sorted.
func (f *fleet) owned() []int {
	counts := map[string]int{}
	for name := range f.replicas {
		counts[name] = 0
	}
	for _, name := range f.owners() {
		counts[name]++
	}
	return slices.Sorted(maps.Values(counts))
}

// wantOwned checks how many kinds the replicas have, fewest first.
func (f *fleet) wantOwned(want ...int) {
	f.t.Helper()
	if got := f.owned(); !slices.Equal(got, want) {
		f.t.Errorf("%v: kinds per replica are %v, want %v: %v", time.Since(f.start), got, want, f.owners())
	}
}

func (f *fleet) leaseName(kind string) string {
	name, err := lease.ShardOf(groupKind(kind)).Name("op")
	if err != nil {
		f.t.Fatal(err)
	}
	return name
}

// lease returns a kind's Lease, or nil.
func (f *fleet) lease(kind string) *coordinationv1.Lease {
	l, err := f.api.Client(nil).Leases("default").Get(context.Background(), f.leaseName(kind), metav1.GetOptions{})
	if err != nil {
		return nil
	}
	return l
}

// names returns n replica names.
func names(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("op-%d", i))
	}
	return all
}

// started returns how many reconcilers have been started so far.
func (f *fleet) started() int {
	synctest.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.starts
}

// gap returns how long a kind was without a reconciler the last time.
func (f *fleet) gap(kind string) time.Duration {
	synctest.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.gaps[kind]
}
