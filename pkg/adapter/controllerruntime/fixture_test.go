package controllerruntime_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	cachetesting "k8s.io/client-go/tools/cache/testing"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/kindred-k8s/kindred/pkg/adapter/controllerruntime"
	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/fence"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// world is an API server in memory: Leases, and objects of two types that can be
// listed and watched. It is made inside a synctest bubble, so that settle means:
// nothing more happens without time passing.
type world struct {
	t          *testing.T
	leases     *leaseapi.API
	configMaps *fakeSource
	secrets    *fakeSource
}

// fakeSource is a fake API server for one type that only lists and watches, and counts
// the event handlers of all informers on it.
type fakeSource struct {
	*cachetesting.FakeControllerSource
	mu       sync.Mutex
	lists    int
	handlers int
}

// IsWatchListSemanticsUnSupported is what client-go asks of fakes.
func (*fakeSource) IsWatchListSemanticsUnSupported() bool { return true }

func (s *fakeSource) List(options metav1.ListOptions) (runtime.Object, error) {
	s.count(&s.lists, 1)
	return s.FakeControllerSource.List(options)
}

func (s *fakeSource) count(what *int, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*what += n
}

func (s *fakeSource) read(what *int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *what
}

// informer counts handlers.
type informer struct {
	toolscache.SharedIndexInformer
	source *fakeSource
}

func (i informer) AddEventHandlerWithOptions(handler toolscache.ResourceEventHandler, options toolscache.HandlerOptions) (toolscache.ResourceEventHandlerRegistration, error) {
	handle, err := i.SharedIndexInformer.AddEventHandlerWithOptions(handler, options)
	if err == nil {
		i.source.count(&i.source.handlers, 1)
	}
	return handle, err
}

func (i informer) RemoveEventHandler(handle toolscache.ResourceEventHandlerRegistration) error {
	i.source.count(&i.source.handlers, -1)
	return i.SharedIndexInformer.RemoveEventHandler(handle)
}

func newWorld(t *testing.T) *world {
	w := &world{
		t: t, leases: leaseapi.New(),
		configMaps: &fakeSource{FakeControllerSource: cachetesting.NewFakeControllerSource()},
		secrets:    &fakeSource{FakeControllerSource: cachetesting.NewFakeControllerSource()},
	}
	t.Cleanup(w.configMaps.Shutdown)
	t.Cleanup(w.secrets.Shutdown)
	return w
}

// inBubble runs test in virtual time, with a world of its own. Goroutines that
// outlive it fail it.
func inBubble(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newWorld(t)) })
}

// newInformer is where the manager's cache gets its informers.
func (w *world) newInformer(_ toolscache.ListerWatcher, example runtime.Object, _ time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
	from := w.configMaps
	if _, ok := example.(*corev1.Secret); ok {
		from = w.secrets
	}
	i := toolscache.NewSharedIndexInformer(from, example, 0, indexers)
	// The default handler sleeps by a clock that all bubbles share.
	if err := i.SetWatchErrorHandlerWithContext(func(context.Context, *toolscache.Reflector, error) {}); err != nil {
		w.t.Error(err)
	}
	return informer{i, from}
}

// options are those of a manager on the world's objects.
func (w *world) options() manager.Options { return inMemory(w.newInformer) }

type newInformer = func(toolscache.ListerWatcher, runtime.Object, time.Duration, toolscache.Indexers) toolscache.SharedIndexInformer

// inMemory returns the options of a manager that never connects to anything.
func inMemory(informers newInformer) manager.Options {
	skip := true
	options := manager.Options{
		Metrics: server.Options{BindAddress: "0"}, HealthProbeBindAddress: "0", Logger: logr.Discard(),
		MapperProvider: func(*rest.Config, *http.Client) (meta.RESTMapper, error) {
			mapper := meta.NewDefaultRESTMapper(nil)
			mapper.Add(corev1.SchemeGroupVersion.WithKind("ConfigMap"), meta.RESTScopeNamespace)
			mapper.Add(corev1.SchemeGroupVersion.WithKind("Secret"), meta.RESTScopeNamespace)
			return mapper, nil
		},
		Cache: cache.Options{NewInformer: informers},
	}
	options.Controller.SkipNameValidation = &skip // several replicas in one process
	return options
}

// newManager returns a manager; change may change its options.
func (w *world) newManager(change ...func(*manager.Options)) *controllerruntime.Manager {
	w.t.Helper()
	options := w.options()
	for _, c := range change {
		c(&options)
	}
	m, err := controllerruntime.NewManager(&rest.Config{Host: "127.0.0.1:1"}, options)
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

func member(name string) coordinator.Options {
	return coordinator.Options{Component: "op", Namespace: "default", PodName: name}
}

// own makes a manager own kinds on the world's Leases.
func (w *world) own(m *controllerruntime.Manager, name string, kinds ...controllerruntime.Kind) *coordinator.Coordinator {
	w.t.Helper()
	c, err := m.OwnWithLeases(w.leases.Client(nil), member(name), kinds...)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// run is a manager that was started and ends when stopped, at the latest with the
// test.
type run struct {
	t      *testing.T
	cancel context.CancelFunc
	done   chan struct{}
	err    error // what Start returned; read after done
}

func (w *world) start(m *controllerruntime.Manager) *run {
	ctx, cancel := context.WithCancel(context.Background())
	r := &run{t: w.t, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.err = m.Start(ctx)
	}()
	synctest.Wait()
	w.t.Cleanup(r.stop)
	return r
}

// stop cancels and returns when Start has returned, which must be without an error.
func (r *run) stop() {
	r.t.Helper()
	r.cancel()
	<-r.done
	if r.err != nil {
		r.t.Errorf("Start returned %v", r.err)
	}
}

func object(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: "ns", Name: name} }

func configMap(name string) *corev1.ConfigMap { return &corev1.ConfigMap{ObjectMeta: object(name)} }

func secret(name string) *corev1.Secret { return &corev1.Secret{ObjectMeta: object(name)} }

var (
	configMaps = schema.GroupKind{Kind: "ConfigMap"}
	secrets    = schema.GroupKind{Kind: "Secret"}
)

// kind is a Kind for ConfigMaps whose controllers setup builds.
func kind(setup func(manager.Manager) error, warm ...client.Object) controllerruntime.Kind {
	return controllerruntime.Kind{For: &corev1.ConfigMap{}, Setup: setup, Warm: warm}
}

// term returns the nth term of the kind.
func term(n int) lease.Term {
	return lease.Term{Shard: lease.ShardOf(configMaps), Holder: "pod_x", UID: "uid", Transitions: n}
}

// termContext returns the context that a coordinator gives to the nth term, without
// an end.
func termContext(n int) context.Context {
	return fence.NewContext(context.Background(), fence.New(term(n), time.Now().Add(time.Hour)))
}
