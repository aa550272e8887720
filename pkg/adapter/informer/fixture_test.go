package informer_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/cache"
	cachetesting "k8s.io/client-go/tools/cache/testing"

	"github.com/kindred-k8s/kindred/pkg/adapter/informer"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// source is a fake API server for ConfigMaps that only lists and watches.
type source struct {
	*cachetesting.FakeControllerSource
}

// IsWatchListSemanticsUnSupported is what client-go asks of fakes.
func (source) IsWatchListSemanticsUnSupported() bool { return true }

func configMap(name string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name}}
}

// term returns the nth term of the kind.
func term(n int) lease.Term {
	return lease.Term{Shard: lease.ShardOf(schema.GroupKind{Kind: "ConfigMap"}), Holder: "pod-0_x", UID: "uid", Transitions: n}
}

// call is one call of Reconcile.
type call struct {
	name string
	term int
}

// harness is a Runner with its fake API server. It is made inside a synctest
// bubble, so that settle means: nothing more happens without time passing.
type harness struct {
	t        *testing.T
	source   source
	informer cache.SharedIndexInformer
	runner   *informer.Runner

	mu    sync.Mutex
	calls []call
	// react is what Reconcile does after it has noted the call. Set before Run.
	react func(ctx context.Context, key cache.ObjectName) error
}

func newHarness(t *testing.T, change func(*informer.Options)) *harness {
	h := &harness{t: t, source: source{cachetesting.NewFakeControllerSource()}}
	t.Cleanup(h.source.Shutdown)
	h.informer = cache.NewSharedIndexInformer(h.source, &corev1.ConfigMap{}, 0, nil)
	// The default handler sleeps by a clock that all bubbles share.
	if err := h.informer.SetWatchErrorHandlerWithContext(func(context.Context, *cache.Reflector, error) {}); err != nil {
		t.Fatal(err)
	}
	options := informer.Options{Name: "test", Informer: h.informer, Reconcile: h.reconcile}
	if change != nil {
		change(&options)
	}
	var err error
	if h.runner, err = informer.New(options); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *harness) reconcile(ctx context.Context, term lease.Term, key cache.ObjectName) error {
	h.mu.Lock()
	h.calls = append(h.calls, call{key.Name, term.Transitions})
	h.mu.Unlock()
	if h.react == nil {
		return nil
	}
	return h.react(ctx, key)
}

// run is something that was started and ends when stopped.
type run struct {
	t      *testing.T
	cancel context.CancelFunc
	done   chan error
}

func (h *harness) start(what func(ctx context.Context) error) run {
	ctx, cancel := context.WithCancel(h.t.Context())
	r := run{h.t, cancel, make(chan error, 1)}
	go func() { r.done <- what(ctx) }()
	synctest.Wait()
	return r
}

func (h *harness) standby() run { return h.start(h.runner.Standby) }

func (h *harness) begin(n int) run {
	return h.start(func(ctx context.Context) error { return h.runner.Run(ctx, term(n)) })
}

// stop cancels and demands that it ends without time passing, with no error.
func (r run) stop() {
	r.t.Helper()
	r.cancel()
	if err := r.ended(); err != nil {
		r.t.Errorf("it ended with %v, want no error", err)
	}
}

// ended demands that it has ended, and returns its error.
func (r run) ended() error {
	r.t.Helper()
	synctest.Wait()
	select {
	case err := <-r.done:
		return err
	default:
		r.t.Fatal("it still runs")
		return nil
	}
}

// took returns the calls since the last look, sorted, after all has settled.
func (h *harness) took() []call {
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	calls := h.calls
	h.calls = nil
	slices.SortFunc(calls, func(a, b call) int { return slices.Compare([]string{a.name}, []string{b.name}) })
	return calls
}

// want compares the calls since the last look.
func (h *harness) want(want ...call) {
	h.t.Helper()
	if got := h.took(); !slices.Equal(got, want) {
		h.t.Errorf("reconciled %v, want %v", got, want)
	}
}

func (c call) String() string { return fmt.Sprintf("%s in term %d", c.name, c.term) }
