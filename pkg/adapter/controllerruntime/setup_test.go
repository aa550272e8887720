package controllerruntime_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/webhook/conversion"

	"github.com/kindred-k8s/kindred/pkg/adapter/controllerruntime"
)

// everywhere is a runnable that needs no election.
type everywhere struct{ running *int }

func (e everywhere) Start(ctx context.Context) error {
	*e.running++
	<-ctx.Done()
	*e.running--
	return nil
}

func (everywhere) NeedLeaderElection() bool { return false }

// TestWhatNeedsNoElection runs on every replica from the start, once, whether it is
// given to the manager or in a Setup that is called for each term.
func TestWhatNeedsNoElection(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := &calls{t: t}
		direct, inSetup, inTerm := 0, 0, 0
		setup := func(mgr manager.Manager) error {
			if err := mgr.Add(everywhere{&inSetup}); err != nil {
				return err
			}
			if err := mgr.Add(manager.RunnableFunc(func(ctx context.Context) error {
				inTerm++
				<-ctx.Done()
				inTerm--
				return nil
			})); err != nil {
				return err
			}
			return c.setup(mgr)
		}
		one, two := w.newManager(), w.newManager()
		for _, m := range []manager.Manager{one, two} {
			if err := m.Add(everywhere{&direct}); err != nil {
				t.Fatal(err)
			}
		}
		first, second := w.own(one, "one", kind(setup)), w.own(two, "two", kind(setup))
		want := func(replicas, owners int) {
			t.Helper()
			time.Sleep(1300 * time.Millisecond)
			synctest.Wait()
			if direct != replicas || inSetup != replicas || inTerm != owners {
				t.Errorf("%d of the manager's, %d of the Setup's and %d of the term's run, want %d, %d and %d", direct, inSetup, inTerm, replicas, replicas, owners)
			}
		}
		a := w.start(one)
		<-first.Elected(configMaps)
		want(1, 1)
		b := w.start(two)
		want(2, 1)
		a.stop()
		<-second.Elected(configMaps)
		want(1, 1)
		b.stop()
		want(0, 0)
	})
}

// TestSetupMayDoWhatSetupsDo: field indexes, through both ways to make them, health
// checks, metrics handlers and webhooks, which controller-runtime refuses or cannot
// do the second time.
func TestSetupMayDoWhatSetupsDo(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		m := w.newManager()
		c := &calls{t: t}
		c.react = func(ctx context.Context, name string) (reconcile.Result, error) {
			for _, field := range []string{"one", "other"} {
				var list corev1.ConfigMapList
				err := m.GetClient().List(ctx, &list, client.MatchingFields{field: name})
				if err != nil || len(list.Items) != 1 {
					t.Errorf("the index %q has %d objects, want 1: %v", field, len(list.Items), err)
				}
			}
			return reconcile.Result{}, nil
		}
		all := func(mgr manager.Manager) error { return errors.Join(everything(mgr), c.setup(mgr)) }
		w.own(m, "pod", kind(all))
		w.configMaps.Add(configMap("a"))
		w.background(m.GetCache().Start)
		terms := controllerruntime.NewReconciler(m, kind(all))
		for n := range 2 {
			ctx, end := context.WithCancel(termContext(n))
			time.AfterFunc(2*time.Second, end)
			if err := terms.Run(ctx, term(n)); err != nil {
				t.Errorf("term %d: Run returned %v", n, err)
			}
			c.want("a")
		}
		if _, ok := m.GetConverterRegistry().GetConverter(configMaps); !ok {
			t.Error("the converter of the first Setup is not in the manager's registry")
		}
		for _, path := range []string{"/mutate--v1-configmap", "/convert"} {
			_, pattern := m.GetWebhookServer().WebhookMux().Handler(httptest.NewRequest(http.MethodPost, path, nil))
			if pattern != path {
				t.Errorf("the webhook server does not serve %s", path)
			}
		}
	})
}

// everything is what a SetupWithManager may do besides building its controller.
func everything(mgr manager.Manager) error {
	byName := func(o client.Object) []string { return []string{o.GetName()} }
	ctx := context.Background()
	return errors.Join(
		mgr.GetFieldIndexer().IndexField(ctx, &corev1.ConfigMap{}, "one", byName),
		mgr.GetCache().IndexField(ctx, &corev1.ConfigMap{}, "other", byName),
		mgr.AddHealthzCheck("mine", healthz.Ping),
		mgr.AddReadyzCheck("mine", healthz.Ping),
		mgr.AddMetricsServerExtraHandler("/mine", http.NotFoundHandler()),
		ctrl.NewWebhookManagedBy(mgr, &corev1.ConfigMap{}).WithDefaulter(nothing{}).WithConverter(newNothing).Complete(),
	)
}

// nothing defaults and converts nothing.
type nothing struct{}

func newNothing(*runtime.Scheme) (conversion.Converter, error) { return nothing{}, nil }

func (nothing) Default(context.Context, *corev1.ConfigMap) error { return nil }

func (nothing) ConvertObject(context.Context, runtime.Object, runtime.Object) error { return nil }
