package controllerruntime_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/kindred-k8s/kindred/pkg/adapter/controllerruntime"
)

// TestEveryTermBeginsWithAllObjects: the owner alone reconciles, and the next owner
// begins with everything, also what has not changed.
func TestEveryTermBeginsWithAllObjects(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := &calls{t: t}
		w.configMaps.Add(configMap("a"))
		one, two := w.newManager(), w.newManager()
		first, second := w.own(one, "one", kind(c.setup)), w.own(two, "two", kind(c.setup))
		owner := w.start(one)
		<-first.Elected(configMaps)
		c.want("a")

		standby := w.start(two)
		w.configMaps.Modify(configMap("a"))
		w.configMaps.Add(configMap("b"))
		c.want("a", "b") // by one of the two
		time.Sleep(20 * time.Second)
		c.want()

		owner.stop()
		<-second.Elected(configMaps)
		c.want("a", "b")
		w.configMaps.Delete(configMap("b"))
		c.want("b")
		standby.stop()
		c.want()
	})
}

// TestCachesStayWarm: a type is listed once on each replica, before its first term.
func TestCachesStayWarm(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := &calls{t: t}
		setup := func(mgr manager.Manager) error {
			return ctrl.NewControllerManagedBy(mgr).For(&corev1.ConfigMap{}).Owns(&corev1.Secret{}).Complete(c)
		}
		w.configMaps.Add(configMap("a"))
		one, two := w.newManager(), w.newManager()
		w.own(one, "one", kind(setup, &corev1.Secret{}))
		second := w.own(two, "two", kind(setup, &corev1.Secret{}))
		owner := w.start(one)
		c.want("a")
		standby := w.start(two)
		time.Sleep(20 * time.Second)
		lists := func() [2]int { return [2]int{w.configMaps.read(&w.configMaps.lists), w.secrets.read(&w.secrets.lists)} }
		if got, want := lists(), [2]int{2, 2}; got != want {
			t.Errorf("with one owner and one standby there were %v lists, want %v", got, want)
		}
		owner.stop()
		<-second.Elected(configMaps)
		c.want("a")
		if got, want := lists(), [2]int{2, 2}; got != want {
			t.Errorf("after the handover there were %v lists, want %v", got, want)
		}
		standby.stop()
	})
}

// TestTheBuilderMeansWhatItMeans: predicates, Owns, Watches and rate limiters, in
// the second term too.
func TestTheBuilderMeansWhatItMeans(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := &calls{t: t}
		failures := 0
		c.react = func(_ context.Context, name string) (reconcile.Result, error) {
			if name != "fails" {
				return reconcile.Result{}, nil
			}
			failures++
			return reconcile.Result{}, errors.New("no luck")
		}
		notIgnored := predicate.NewPredicateFuncs(func(o client.Object) bool { return !strings.HasPrefix(o.GetName(), "ignored") })
		toWatched := handler.EnqueueRequestsFromMapFunc(func(_ context.Context, o client.Object) []reconcile.Request {
			return []reconcile.Request{{NamespacedName: client.ObjectKey{Name: "from-" + o.GetName()}}}
		})
		free := predicate.NewPredicateFuncs(func(o client.Object) bool { return len(o.GetOwnerReferences()) == 0 })
		setup := func(mgr manager.Manager) error {
			slow := workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](10*time.Second, 10*time.Second)
			return ctrl.NewControllerManagedBy(mgr).
				For(&corev1.ConfigMap{}, builder.WithPredicates(notIgnored)).
				Owns(&corev1.Secret{}).
				Watches(&corev1.Secret{}, toWatched, builder.WithPredicates(free)).
				WithOptions(controller.Options{RateLimiter: slow}).
				Complete(c)
		}
		w.configMaps.Add(configMap("a"))
		w.configMaps.Add(configMap("ignored"))
		owned, yes := secret("owned"), true
		owned.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "owner", Controller: &yes}}
		w.secrets.Add(owned)
		w.secrets.Add(secret("s"))
		for range 2 {
			m := w.newManager()
			elected := w.own(m, "pod", kind(setup)).Elected(configMaps)
			running := w.start(m)
			<-elected
			c.want("a", "from-s", "owner")
			w.configMaps.Modify(configMap("ignored"))
			w.configMaps.Modify(configMap("a"))
			c.want("a")

			w.configMaps.Add(configMap("fails"))
			c.want("fails")
			time.Sleep(5 * time.Second)
			c.want() // the limiter's pause is ten seconds
			time.Sleep(5 * time.Second)
			c.want("fails")
			w.configMaps.Delete(configMap("fails"))
			c.want("fails")
			running.stop() // and no retry is left from the term
			time.Sleep(time.Minute)
			c.want()
		}
		if failures != 6 {
			t.Errorf("the failing object was reconciled %d times, want 3 in each of two terms", failures)
		}
	})
}

// TestTypedRequestsAndRawSources: a controller whose requests are of another type,
// with a source that is made of the cache.
func TestTypedRequestsAndRawSources(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		var names []string
		setup := func(mgr manager.Manager) error {
			toName := handler.TypedEnqueueRequestsFromMapFunc(func(_ context.Context, s *corev1.Secret) []string { return []string{s.Name} })
			return builder.TypedControllerManagedBy[string](mgr).Named("names").
				WatchesRawSource(source.TypedKind(mgr.GetCache(), &corev1.Secret{}, toName)).
				Complete(reconcile.TypedFunc[string](func(_ context.Context, name string) (reconcile.Result, error) {
					names = append(names, name)
					return reconcile.Result{}, nil
				}))
		}
		w.secrets.Add(secret("s"))
		m := w.newManager()
		w.background(m.GetCache().Start)
		terms := controllerruntime.NewReconciler(m, kind(setup))
		for n := range 2 {
			ctx, end := context.WithTimeout(termContext(n), 2*time.Second)
			if err := terms.Run(ctx, term(n)); err != nil {
				t.Errorf("Run returned %v", err)
			}
			end()
		}
		if want := []string{"s", "s"}; !slices.Equal(names, want) {
			t.Errorf("reconciled %v in two terms, want %v", names, want)
		}
		if n := w.secrets.read(&w.secrets.handlers); n != 0 {
			t.Errorf("%d handlers are left", n)
		}
	})
}

// TestTwoKinds: each kind has its own life, and the replicas share them.
func TestTwoKinds(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		maps, keys := &calls{t: t}, &calls{t: t}
		kinds := []controllerruntime.Kind{kind(maps.setup), {For: &corev1.Secret{}, Setup: func(mgr manager.Manager) error {
			return ctrl.NewControllerManagedBy(mgr).For(&corev1.Secret{}).Complete(keys)
		}}}
		w.configMaps.Add(configMap("a"))
		w.secrets.Add(secret("s"))
		one, two := w.newManager(), w.newManager()
		w.own(one, "one", kinds...)
		other := w.own(two, "two", kinds...)
		owner, standby := w.start(one), w.start(two)
		time.Sleep(20 * time.Second)
		_, a := other.Term(configMaps)
		_, b := other.Term(secrets)
		if a == b {
			t.Errorf("two replicas do not own one kind each: the second owns ConfigMap: %v, Secret: %v", a, b)
		}
		maps.names, keys.names = nil, nil
		owner.stop()
		time.Sleep(time.Second)
		if a {
			keys.want("s")
			maps.want()
		} else {
			maps.want("a")
			keys.want()
		}
		standby.stop()
	})
}

// TestTermThatCannotStart: what fails in a term ends that term, not the replica,
// and is tried again.
func TestTermThatCannotStart(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := &calls{t: t}
		fail := false
		calls := 0
		m := w.newManager()
		own := w.own(m, "pod", kind(func(mgr manager.Manager) error {
			if calls++; fail {
				return errors.New("not now")
			}
			return c.setup(mgr)
		}))
		fail = true
		w.configMaps.Add(configMap("a"))
		running := w.start(m)
		time.Sleep(time.Minute)
		synctest.Wait()
		if tries := calls - 2; tries < 2 {
			t.Errorf("Setup failed in %d terms, want several tries in a minute", tries)
		}
		c.want()
		fail = false
		<-own.Elected(configMaps)
		time.Sleep(time.Minute)
		c.want("a")
		running.stop()
	})
}
