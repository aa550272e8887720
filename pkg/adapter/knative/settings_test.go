package knative

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"
	"knative.dev/pkg/configmap"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/injection"
	"knative.dev/pkg/leaderelection"
	"knative.dev/pkg/reconciler"

	kubeclient "knative.dev/pkg/client/injection/kube/client"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// parse reads a ConfigMap as Knative does.
func parse(t *testing.T, data map[string]string) *leaderelection.Config {
	t.Helper()
	config, err := leaderelection.NewConfigFromConfigMap(&corev1.ConfigMap{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// TestConfigMap: the durations, the buckets and the names of config-leader-election
// reach the coordinator, and what the program says itself goes before.
func TestConfigMap(t *testing.T) {
	t.Setenv("SYSTEM_NAMESPACE", "system")
	t.Setenv("POD_NAME", "pod-0")
	foo := &owned{impl: &controller.Impl{Name: "example.com.Foo"}}
	data := map[string]string{"lease-duration": "30s", "renew-deadline": "20s", "retry-period": "5s"}
	with := func(key, value string) map[string]string {
		more := map[string]string{key: value}
		for k, v := range data {
			more[k] = v
		}
		return more
	}
	tests := map[string]struct {
		data    map[string]string
		kind    coordinator.Kind
		kindred bool
		name    string
		buckets int
	}{
		"nothing":          {data: nil, name: "controller.example.com.foo.00-of-01"},
		"durations":        {data: data, name: "controller.example.com.foo.00-of-01"},
		"buckets":          {data: with("buckets", "3"), name: "controller.example.com.foo", buckets: 3},
		"prefix":           {data: with("map-lease-prefix.controller.example.com.Foo", "Short.Name"), name: "short.name.00-of-01"},
		"another's prefix": {data: with("map-lease-prefix.controller.example.com.Bar", "short.name"), name: "controller.example.com.foo.00-of-01"},
		"Kindred's names":  {data: data, kindred: true, name: ""},
		"a name":           {data: data, kind: coordinator.Kind{LeaseName: "some.other.name"}, name: "some.other.name"},
		"its own buckets":  {data: data, kind: coordinator.Kind{Buckets: 2}, name: "controller.example.com.foo", buckets: 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			kind := test.kind
			kind.GroupKind = fooKind
			o := Options{Options: coordinator.Options{Component: "controller"}, KindredNames: test.kindred}
			options, kinds, err := settings(o, []*programKind{{kind, Reconciler{[]*owned{foo}}}}, parse(t, test.data))
			if err != nil {
				t.Fatal(err)
			}
			if kinds[0].LeaseName != test.name || kinds[0].Buckets != test.buckets {
				t.Errorf("the name is %q with %d buckets, want %q with %d", kinds[0].LeaseName, kinds[0].Buckets, test.name, test.buckets)
			}
			timing := lease.Timing{LeaseDuration: time.Minute, RenewDeadline: 40 * time.Second, RetryPeriod: 10 * time.Second}
			if test.data != nil {
				timing = lease.Timing{LeaseDuration: 30 * time.Second, RenewDeadline: 20 * time.Second, RetryPeriod: 5 * time.Second}
			}
			if options.Timing != timing || options.Namespace != "system" || options.PodName != "pod-0" {
				t.Errorf("the options are %+v", options)
			}
		})
	}
	given := lease.Timing{LeaseDuration: 9 * time.Second, RenewDeadline: 6 * time.Second, RetryPeriod: time.Second}
	options, _, _ := settings(Options{Options: coordinator.Options{Timing: given, Namespace: "other"}}, nil, parse(t, data))
	if options.Timing != given || options.Namespace != "other" {
		t.Errorf("what the program says is not kept: %+v", options)
	}
}

// TestNamesAreKnatives: Knative's own elector makes a Lease of the name that LeaseName
// says, and promotes the bucket that a term of that Lease is about.
func TestNamesAreKnatives(t *testing.T) {
	t.Setenv("SYSTEM_NAMESPACE", "system")
	for name, data := range map[string]map[string]string{
		"one":    nil,
		"three":  {"buckets": "3"},
		"mapped": {"buckets": "2", "map-lease-prefix.controller.knative.dev.pkg.Foo": "Short.Name"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				config := parse(t, data)
				impl := &controller.Impl{Name: "knative.dev.pkg.Foo"}
				of := int(config.Buckets)
				if of == 1 {
					of = 0
				}
				kind := coordinator.Kind{GroupKind: fooKind, LeaseName: LeaseName(config, "controller", impl), Buckets: of}
				want := map[string]reconciler.Bucket{}
				for _, shard := range lease.ShardsOf(fooKind, kind.Buckets) {
					name := kind.LeaseName + shard.Suffix()
					want[name] = bucketOf(lease.Term{Shard: shard, Lease: name})
				}
				promoted := make(chan reconciler.Bucket, len(want))
				work := &reconciler.LeaderAwareFuncs{PromoteFunc: func(b reconciler.Bucket, _ func(reconciler.Bucket, types.NamespacedName)) error {
					promoted <- b
					return nil
				}}
				ctx, cancel := context.WithCancel(t.Context())
				client := fake.NewClientset()
				ctx = leaderelection.WithStandardLeaderElectorBuilder(ctx, client, config.GetComponentConfig("controller"))
				elector, err := leaderelection.BuildElector(ctx, work, impl.Name, func(reconciler.Bucket, types.NamespacedName) {})
				if err != nil {
					t.Fatal(err)
				}
				done := make(chan struct{})
				go func() {
					defer close(done)
					elector.Run(ctx)
				}()
				for range want {
					b := <-promoted
					ours, known := want[b.Name()]
					if !known {
						t.Errorf("Knative has a bucket %q, and this has %v", b.Name(), want)
						continue
					}
					for _, key := range []string{"a", "b", "c", "d", "e", "f", "g"} {
						key := types.NamespacedName{Namespace: "ns", Name: key}
						if b.Has(key) != ours.Has(key) {
							t.Errorf("bucket %s: Knative says %v for %s", b.Name(), b.Has(key), key)
						}
					}
				}
				cancel()
				<-done
			})
		})
	}
}

// played plays the part of sharedmain: it makes the controllers and runs them.
func played(t *testing.T, constructors ...injection.ControllerConstructor) func(ctx context.Context) {
	return func(ctx context.Context) {
		ctx = injection.WithConfig(ctx, &rest.Config{Host: "https://localhost:1"})
		ctx = context.WithValue(ctx, kubeclient.Key{}, fake.NewClientset())
		var impls []*controller.Impl
		for _, construct := range constructors {
			impls = append(impls, construct(ctx, nil))
		}
		if err := controller.StartAll(ctx, slices.DeleteFunc(impls, func(i *controller.Impl) bool { return i == nil })...); err != nil {
			t.Error(err)
		}
	}
}

// TestProgramErrorsAllAtOnce: a program that cannot be right ends, with all that is
// wrong, and reconciles nothing.
func TestProgramErrorsAllAtOnce(t *testing.T) {
	t.Setenv("SYSTEM_NAMESPACE", "system")
	construct := func(r controller.Reconciler) injection.ControllerConstructor {
		return func(context.Context, configmap.Watcher) *controller.Impl { return newImpl(t, r) }
	}
	kind := func(name string) coordinator.Kind {
		return coordinator.Kind{GroupKind: schema.GroupKind{Group: "example.com", Kind: name}}
	}
	fine, unaware := newWork(t, "fine"), &unaware{}
	p := NewProgram(Options{Options: coordinator.Options{Component: "no.label", DrainTimeout: -1}})
	reconciling := kind("A")
	reconciling.Reconciler = coordinator.ReconcilerFunc(nil)
	twice := kind("Twice")
	heavy := twice
	heavy.Weight = 3
	queued := func(r controller.Reconciler) injection.ControllerConstructor {
		return func(context.Context, configmap.Watcher) *controller.Impl {
			impl := newImpl(t, r)
			impl.EnqueueKey(types.NamespacedName{Namespace: "ns", Name: "a"})
			return impl
		}
	}
	err := p.Run(t.Context(), played(t,
		p.Own(kind("Unaware"), queued(unaware)),
		p.Own(reconciling, construct(newWork(t, "a"))),
		p.Own(twice, construct(newWork(t, "b"))), p.Own(heavy, construct(newWork(t, "c"))),
		p.Own(kind("Several"), construct(newWork(t, "d"))), p.Own(kind("Several"), queued(fine)),
		p.Own(kind("Nil"), func(context.Context, configmap.Watcher) *controller.Impl { return nil }),
	))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"kind Unaware.example.com: controller \"knative.dev.pkg.Foo", "is not a reconciler.LeaderAware",
		"kind A.example.com has a Reconciler", "kind Twice.example.com is wrapped twice", "kind Several.example.com has several controllers",
		"kind Nil.example.com: a controller is nil", `component "no.label"`, "drainTimeout is -1ns",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	if unaware.called || len(fine.reconciled()) > 0 {
		t.Error("it has reconciled")
	}
	if err := p.Run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("a second Run: %v", err)
	}
}

// TestKnativesElectionIsOn: a program that does not use the context that it is given is
// told so.
func TestKnativesElectionIsOn(t *testing.T) {
	p := NewProgram(Options{})
	ctx := leaderelection.WithStandardLeaderElectorBuilder(t.Context(), fake.NewClientset(), leaderelection.ComponentConfig{})
	p.Own(coordinator.Kind{GroupKind: fooKind}, func(context.Context, configmap.Watcher) *controller.Impl {
		return newImpl(t, newWork(t, "a"))
	})(ctx, nil)
	if len(p.errs) == 0 || p.errs[0] == nil || !strings.Contains(p.errs[0].Error(), "Knative's own leader election is on") {
		t.Errorf("the errors are %v", p.errs)
	}
}

// unaware is a reconciler that is not LeaderAware.
type unaware struct{ called bool }

func (u *unaware) Reconcile(context.Context, string) error {
	u.called = true
	return nil
}
