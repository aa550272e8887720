package e2e

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/adapter/controllerruntime"
	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

const (
	perKind       = 2
	settleTimeout = time.Minute
)

// short keeps the tests short.
var short = lease.Timing{LeaseDuration: 5 * time.Second, RenewDeadline: 3 * time.Second, RetryPeriod: time.Second}

var (
	database = schema.GroupKind{Group: sample.Group, Kind: "Database"}
	queue    = schema.GroupKind{Group: sample.Group, Kind: "Queue"}
)

// fleet is the replicas of one component in one namespace. It fails the test when
// two of them run a kind's term, or reconcile it, at once.
type fleet struct {
	t         *testing.T
	namespace string

	mu         sync.Mutex
	runs       map[schema.GroupKind]string // kind -> replica in whose term it is
	reconciles []event                     // in their order
}

// event is one reconcile.
type event struct {
	at      time.Time
	kind    schema.GroupKind
	replica string
	name    string
}

func newFleet(t *testing.T) *fleet {
	return &fleet{t: t, namespace: newNamespace(t), runs: map[schema.GroupKind]string{}}
}

// replica is one manager of a fleet.
type replica struct {
	*controllerruntime.Manager
	*coordinator.Coordinator
	fleet  *fleet
	name   string
	config *rest.Config
	lists  counter
	cancel context.CancelFunc
	done   chan struct{}
	err    error // what Start returned; read after done

	// react is what a reconcile does after it has been noted; nil for nothing.
	react func(ctx context.Context, object client.Object) error
}

// counter counts list requests by path.
type counter struct {
	mu    sync.Mutex
	paths map[string]int
}

func (c *counter) wrap(base http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		listed := r.URL.Query().Get("watch") == "" || r.URL.Query().Get("sendInitialEvents") == "true"
		if r.Method == http.MethodGet && listed && strings.Contains(r.URL.Path, "/namespaces/") {
			c.mu.Lock()
			if c.paths == nil {
				c.paths = map[string]int{}
			}
			c.paths[r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]]++
			c.mu.Unlock()
		}
		return base.RoundTrip(r)
	})
}

func (c *counter) of(resource string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.paths[resource]
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// newReplica makes a manager, not started; change may change its options.
func (f *fleet) newReplica(name string, change ...func(*rest.Config, *manager.Options)) *replica {
	f.t.Helper()
	r := &replica{fleet: f, name: name, done: make(chan struct{}), config: plane.RESTConfig()}
	r.config.Wrap(r.lists.wrap)
	skip := true
	options := manager.Options{
		Metrics: server.Options{BindAddress: "0"}, HealthProbeBindAddress: "0", Logger: logr.Discard(),
		Cache:  cache.Options{DefaultNamespaces: map[string]cache.Config{f.namespace: {}}},
		Client: client.Options{Cache: &client.CacheOptions{Unstructured: true}},
	}
	options.Controller.SkipNameValidation = &skip // several replicas in one process
	for _, c := range change {
		c(r.config, &options)
	}
	var err error
	if r.Manager, err = controllerruntime.NewManager(r.config, options); err != nil {
		f.t.Fatal(err)
	}
	return r
}

// own makes it share kinds; change may change its options.
func (r *replica) own(kinds []schema.GroupKind, change ...func(*coordinator.Options)) *replica {
	r.fleet.t.Helper()
	options := coordinator.Options{
		Component: "op", Namespace: r.fleet.namespace, PodName: r.name, Timing: short, RebalanceDelay: time.Second,
	}
	for _, c := range change {
		c(&options)
	}
	var all []controllerruntime.Kind
	for _, kind := range kinds {
		all = append(all, controllerruntime.Kind{For: object(kind), Setup: r.setup(kind), Warm: []client.Object{&corev1.ConfigMap{}}})
	}
	var err error
	if r.Coordinator, err = r.Own(options, all...); err != nil {
		r.fleet.t.Fatal(err)
	}
	return r
}

func object(kind schema.GroupKind) *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(kind.WithVersion(sample.Version))
	return o
}

// setup builds a kind's controller, as usual, and notes its terms.
func (r *replica) setup(kind schema.GroupKind) func(manager.Manager) error {
	return func(mgr manager.Manager) error {
		term := manager.RunnableFunc(func(ctx context.Context) error {
			r.fleet.began(kind, r.name)
			defer r.fleet.ended(kind)
			<-ctx.Done()
			return nil
		})
		return errors.Join(mgr.Add(term), ctrl.NewControllerManagedBy(mgr).
			For(object(kind)).Owns(&corev1.ConfigMap{}).
			Complete(reconcile.Func(func(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
				r.fleet.reconciled(kind, r.name, request.Name)
				o := object(kind)
				if err := mgr.GetClient().Get(ctx, request.NamespacedName, o); err != nil {
					return reconcile.Result{}, client.IgnoreNotFound(err)
				}
				if r.react == nil {
					return reconcile.Result{}, nil
				}
				return reconcile.Result{}, r.react(ctx, o)
			})))
	}
}

func (f *fleet) began(kind schema.GroupKind, replica string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if other, busy := f.runs[kind]; busy {
		f.t.Errorf("I1 broken: a term of %s begins on %s while %s has one", kind, replica, other)
	}
	f.runs[kind] = replica
}

func (f *fleet) ended(kind schema.GroupKind) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.runs, kind)
}

// reconciled notes a reconcile. A term's runnables are started in no order, so it
// may be noted before its term.
func (f *fleet) reconciled(kind schema.GroupKind, replica, name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if owner, busy := f.runs[kind]; busy && owner != replica {
		f.t.Errorf("I1 broken: %s is reconciled on %s in a term of %s", kind, replica, owner)
	}
	f.reconciles = append(f.reconciles, event{time.Now(), kind, replica, name})
}

// start runs the manager; at the end of the test it is stopped, and must.
func (r *replica) start() *replica {
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go func() {
		defer close(r.done)
		r.err = r.Manager.Start(ctx)
	}()
	r.fleet.t.Cleanup(r.stop)
	return r
}

func (r *replica) stop() {
	r.fleet.t.Helper()
	r.cancel()
	<-r.done
	if r.err != nil {
		r.fleet.t.Errorf("%s: Start returned %v", r.name, r.err)
	}
}
