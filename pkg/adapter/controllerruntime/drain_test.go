package controllerruntime_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kindred-k8s/kindred/pkg/adapter/controllerruntime"
	"github.com/kindred-k8s/kindred/pkg/coordinator"
)

// TestReconcilesAreFinishedBeforeTheLeaseIsReleased: a reconcile that is under way
// is told by its context and waited for, with the cache still running and the Lease
// still held; then the other replica begins.
func TestReconcilesAreFinishedBeforeTheLeaseIsReleased(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		one, two := w.newManager(), w.newManager()
		c := &calls{t: t}
		finished := 0
		c.react = func(ctx context.Context, _ string) (reconcile.Result, error) {
			<-ctx.Done()
			var over *coordinator.TermOverError
			if !errors.As(context.Cause(ctx), &over) {
				t.Errorf("the context ended with %v, want the term's end", context.Cause(ctx))
			}
			time.Sleep(3 * time.Second)
			finished++
			if finished == 1 {
				w.configMaps.Add(configMap("late"))
				time.Sleep(100 * time.Millisecond)
				if err := one.GetCache().Get(t.Context(), client.ObjectKeyFromObject(configMap("late")), &corev1.ConfigMap{}); err != nil {
					t.Errorf("the cache did not run while the term was drained: %v", err)
				}
				w.configMaps.Delete(configMap("late"))
			}
			if w.holder("op.configmap.core") == "" {
				t.Error("the Lease was released while a reconcile ran")
			}
			return reconcile.Result{}, nil
		}
		w.configMaps.Add(configMap("a"))
		first, second := w.own(one, "one", kind(c.setup)), w.own(two, "two", kind(c.setup))
		owner := w.start(one)
		<-first.Elected(configMaps)
		standby := w.start(two)
		c.want("a")
		began := time.Now()
		owner.stop()
		if took := time.Since(began); finished != 1 || took < 3*time.Second || took > 4*time.Second {
			t.Errorf("the manager stopped after %v with %d reconciles finished, want 1 after three seconds", took, finished)
		}
		<-second.Elected(configMaps)
		c.want("a")
		standby.stop()
	})
}

func (w *world) holder(name string) string {
	w.t.Helper()
	l, err := w.leases.Client(nil).Leases("default").Get(context.Background(), name, metav1.GetOptions{})
	if err != nil {
		w.t.Errorf("reading the Lease: %v", err)
		return ""
	}
	if l.Spec.HolderIdentity == nil {
		return ""
	}
	return *l.Spec.HolderIdentity
}

// TestEventHandlersAreWaitedFor: a map function that is called as the term ends is
// part of its work, and none is called afterwards.
func TestEventHandlersAreWaitedFor(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := &calls{t: t}
		called, ended := 0, 0
		slow := handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, _ client.Object) []reconcile.Request {
			called++
			<-ctx.Done()
			time.Sleep(2 * time.Second)
			ended++
			return nil
		})
		m := w.newManager()
		w.background(m.GetCache().Start)
		terms := controllerruntime.NewReconciler(m, kind(func(mgr manager.Manager) error {
			return ctrl.NewControllerManagedBy(mgr).For(&corev1.ConfigMap{}).Watches(&corev1.Secret{}, slow).Complete(c)
		}))
		w.secrets.Add(secret("s"))
		w.secrets.Add(secret("t"))
		ctx, end := context.WithCancel(termContext(1))
		returned := make(chan error, 1)
		go func() { returned <- terms.Run(ctx, term(1)) }()
		time.Sleep(time.Second)
		end()
		time.Sleep(time.Second)
		synctest.Wait()
		if len(returned) > 0 {
			t.Error("Run returned while a map function ran")
		}
		if err := <-returned; err != nil {
			t.Errorf("Run returned %v", err)
		}
		if called != 1 || ended != 1 {
			t.Errorf("%d map functions were called and %d ended before Run returned, want 1", called, ended)
		}
		time.Sleep(time.Minute)
		if called != 1 {
			t.Error("a map function was called after its term")
		}
	})
}

// TestNoHandlerAfterTheTerm: whoever still has the term's manager adds no handler to
// an informer any more.
func TestNoHandlerAfterTheTerm(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := &calls{t: t}
		var kept manager.Manager
		m := w.newManager()
		w.background(m.GetCache().Start)
		terms := controllerruntime.NewReconciler(m, kind(func(mgr manager.Manager) error {
			kept = mgr
			return c.setup(mgr)
		}))
		ctx, end := context.WithCancel(termContext(1))
		time.AfterFunc(time.Second, end)
		if err := terms.Run(ctx, term(1)); err != nil {
			t.Errorf("Run returned %v", err)
		}
		informer, err := kept.GetCache().GetInformer(t.Context(), &corev1.ConfigMap{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := informer.AddEventHandler(nil); err == nil {
			t.Error("a handler was added after the term")
		}
		if n := w.configMaps.read(&w.configMaps.handlers); n != 0 {
			t.Errorf("%d handlers are left", n)
		}
	})
}

// TestSlowRunnableDoesNotDelayTheHandover: a kind is handed over as soon as a manager
// is told to stop, whatever else it waits for.
func TestSlowRunnableDoesNotDelayTheHandover(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := &calls{t: t}
		one, two := w.newManager(), w.newManager()
		if err := one.Add(slow{}); err != nil {
			t.Fatal(err)
		}
		first, second := w.own(one, "one", kind(c.setup)), w.own(two, "two", kind(c.setup))
		owner := w.start(one)
		<-first.Elected(configMaps)
		standby := w.start(two)
		time.Sleep(10 * time.Second)
		began := time.Now()
		owner.cancel()
		<-second.Elected(configMaps)
		if took := time.Since(began); took > time.Second {
			t.Errorf("the handover took %v", took)
		}
		standby.stop()
	})
}

// slow needs no election, and ten seconds to stop.
type slow struct{}

func (slow) Start(ctx context.Context) error {
	<-ctx.Done()
	time.Sleep(10 * time.Second)
	return nil
}

func (slow) NeedLeaderElection() bool { return false }

// TestTermLastsUntilItIsOver: also when all that it consists of has finished.
func TestTermLastsUntilItIsOver(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		terms := controllerruntime.NewReconciler(w.newManager(), kind(func(mgr manager.Manager) error {
			return mgr.Add(manager.RunnableFunc(func(context.Context) error { return nil }))
		}))
		ctx, end := context.WithTimeout(termContext(1), time.Minute)
		defer end()
		began := time.Now()
		if err := terms.Run(ctx, term(1)); err != nil || time.Since(began) != time.Minute {
			t.Errorf("Run returned %v after %v, want nothing wrong after a minute", err, time.Since(began))
		}
	})
}

// TestOneFailsAllEnd: what fails in a term takes the rest of the term with it, and
// what merely finishes does not.
func TestOneFailsAllEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		failure := errors.New("no luck")
		m := w.newManager()
		otherEnded := false
		terms := controllerruntime.NewReconciler(m, kind(func(mgr manager.Manager) error {
			return errors.Join(
				mgr.Add(manager.RunnableFunc(func(context.Context) error { return nil })),
				mgr.Add(manager.RunnableFunc(func(ctx context.Context) error { <-ctx.Done(); otherEnded = true; return nil })),
				mgr.Add(manager.RunnableFunc(func(context.Context) error { time.Sleep(time.Minute); return failure })),
			)
		}))
		began := time.Now()
		if err := terms.Run(termContext(1), term(1)); !errors.Is(err, failure) {
			t.Errorf("Run returned %v, want %v", err, failure)
		}
		if took := time.Since(began); took != time.Minute || !otherEnded {
			t.Errorf("Run returned after %v, want a minute; the other one has ended: %v", took, otherEnded)
		}
	})
}
