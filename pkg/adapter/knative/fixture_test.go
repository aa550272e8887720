package knative

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"knative.dev/pkg/controller"
	logtesting "knative.dev/pkg/logging/testing"
	"knative.dev/pkg/reconciler"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

var fooKind = schema.GroupKind{Group: "example.knative.dev", Kind: "Foo"}

const leaseName = "op.foo.example.knative.dev"

// work is what a Knative project writes, without its informers: a reconciler that acts
// on keys that it leads, and observes the others.
type work struct {
	reconciler.LeaderAwareFuncs
	name string
	t    *testing.T

	// first is a key that is queued before the election.
	first *types.NamespacedName
	// led and observed are called with a key in the middle of its reconcile.
	led, observed func(ctx context.Context, key string) error

	mu   sync.Mutex
	done []string // keys that were reconciled as the leader
}

func (w *work) Reconcile(ctx context.Context, key string) error {
	namespace, name, err := cache.SplitMetaNamespaceKey(key)
	if err != nil {
		return err
	}
	if !w.IsLeaderFor(types.NamespacedName{Namespace: namespace, Name: name}) {
		if w.observed != nil {
			return w.observed(ctx, key)
		}
		return controller.NewSkipKey(key)
	}
	if w.led != nil {
		if err := w.led(ctx, key); err != nil {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done = append(w.done, key)
	return nil
}

func (w *work) reconciled() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Sorted(slices.Values(w.done))
}

func (w *work) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done = nil
}

// objects are what the lister of a project would have.
var objects = keys("a", "b", "c", "d", "e")

func keys(names ...string) []string {
	var all []string
	for _, name := range names {
		all = append(all, "ns/"+name)
	}
	return all
}

func newWork(t *testing.T, name string) *work {
	w := &work{name: name, t: t}
	w.PromoteFunc = func(bucket reconciler.Bucket, enqueue func(reconciler.Bucket, types.NamespacedName)) error {
		for _, key := range objects {
			namespace, name, _ := cache.SplitMetaNamespaceKey(key)
			enqueue(bucket, types.NamespacedName{Namespace: namespace, Name: name})
		}
		return nil
	}
	return w
}

func newImpl(t *testing.T, r controller.Reconciler) *controller.Impl {
	impl := controller.NewContext(t.Context(), r, controller.ControllerOptions{
		WorkQueueName: "knative.dev.pkg.Foo" + strconv.Itoa(len(t.Name())), Logger: logtesting.TestLogger(t), Concurrency: 2,
	})
	t.Cleanup(impl.WorkQueue().ShutDown)
	return impl
}

// replica is a process with one Impl.
type replica struct {
	*work
	impl     *controller.Impl
	c        *coordinator.Coordinator
	leave    context.CancelFunc
	left     chan error
	stopImpl func()
}

// start runs an Impl with its reconciler, and a coordinator on leases.
func start(t *testing.T, leases *leaseapi.API, w *work, change ...func(*coordinator.Kind)) *replica {
	t.Helper()
	r := &replica{work: w, impl: newImpl(t, w), left: make(chan error, 1)}
	own, err := NewReconciler(r.impl)
	if err != nil {
		t.Fatal(err)
	}
	quiet := logr.Discard()
	options := coordinator.Options{Component: "op", Namespace: "default", PodName: w.name, Logger: &quiet}
	kind := coordinator.Kind{GroupKind: fooKind, Reconciler: own}
	for _, c := range change {
		c(&kind)
	}
	r.c, err = coordinator.NewWithLeases(leases.Client(nil), options, kind)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- r.impl.Run(ctx) }()
	r.stopImpl = sync.OnceFunc(func() {
		cancel()
		if err := <-stopped; err != nil {
			t.Errorf("the Impl of %s: %v", w.name, err)
		}
	})
	if w.first != nil {
		r.impl.EnqueueKey(*w.first)
		synctest.Wait()
	}
	life, leave := context.WithCancel(context.Background())
	r.leave = leave
	go func() { r.left <- r.c.Run(life) }()
	t.Cleanup(func() {
		leave()
		r.stopImpl()
	})
	return r
}

func holder(t *testing.T, leases *leaseapi.API) string {
	t.Helper()
	l, err := leases.Client(nil).Leases("default").Get(context.Background(), leaseName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return *l.Spec.HolderIdentity
}

func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}
