package controllerruntime_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/kindred-k8s/kindred/pkg/adapter/controllerruntime"
	"github.com/kindred-k8s/kindred/pkg/coordinator"
)

// says demands an error with all parts.
func says(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("there is no error, want one that says %q", parts)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %q: %v", part, err)
		}
	}
}

func TestManagerErrorsAllAtOnce(t *testing.T) {
	_, err := controllerruntime.NewManager(nil, manager.Options{LeaderElection: true, LeaderElectionID: "x"})
	says(t, err, "config is nil", "LeaderElection is on", "remove LeaderElection")
}

func TestOwnErrorsAllAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		scheme := runtime.NewScheme()
		if err := corev1.AddToScheme(scheme); err != nil {
			t.Fatal(err)
		}
		m := w.newManager(func(o *manager.Options) { o.Scheme = scheme })
		c := &calls{t: t}
		twice := kind(c.setup)
		twice.Weight = -1
		empty := controllerruntime.Kind{For: &corev1.Pod{}, Setup: func(manager.Manager) error { return nil }}
		fails := controllerruntime.Kind{For: &corev1.Node{}, Setup: func(manager.Manager) error { return errors.New("no luck") }}
		unknown := controllerruntime.Kind{For: &ctrlUnknown{}, Setup: c.setup}
		cold := controllerruntime.Kind{For: &corev1.Secret{}, Setup: c.setup, Warm: []client.Object{&ctrlUnknown{}, nil}}
		_, err := m.Own(coordinator.Options{Component: "Not A Label", DrainTimeout: time.Hour, Capacity: -1},
			twice, twice, empty, fails, unknown, cold, controllerruntime.Kind{})
		says(t, err,
			`"Not A Label"`, "namespace is empty", "capacity is -1", "has weight -1",
			"GracefulShutdownTimeout is 30s and DrainTimeout 1h0m0s",
			"kind Pod, Setup: it added no controller that needs an election",
			"kind Node, Setup: no luck",
			"kind 5, For: the manager's scheme does not know the type *controllerruntime_test.ctrlUnknown: call its package's AddToScheme",
			"kind Secret, Warm: the manager's scheme does not know", "kind Secret, Warm: the object is nil",
			"kind 7 has no For", "kind 7 has no Setup")

		_, err = m.Own(member("pod"), twice, twice)
		says(t, err, "kind ConfigMap is registered twice")
		_, err = m.Own(member("pod"))
		says(t, err, "no kind is registered")
		says(t, m.Start(t.Context()), "call Own before Start")

		if _, err := m.Own(member("pod"), kind(c.setup)); err != nil {
			t.Errorf("after all these errors a right call fails: %v", err)
		}
		_, err = m.Own(member("pod"), kind(c.setup))
		says(t, err, "Own was called twice")
	})
}

// ctrlUnknown is an object that no scheme knows.
type ctrlUnknown struct{ corev1.ConfigMap }

// TestShutdownMustBeLongEnough: a manager that does not wait for its kinds would
// leave their Leases to expire.
func TestShutdownMustBeLongEnough(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := &calls{t: t}
		for shutdown, fine := range map[time.Duration]bool{0: false, 20 * time.Second: false, 21 * time.Second: true, -1: true} {
			m := w.newManager(func(o *manager.Options) { o.GracefulShutdownTimeout = &shutdown })
			if _, err := m.Own(member("pod"), kind(c.setup)); (err == nil) != fine {
				t.Errorf("with GracefulShutdownTimeout %v the error is %v", shutdown, err)
			}
		}
	})
}

// TestControllerOutsideAKind: a controller, or anything else that one replica only
// should run, is refused by the manager; without an election all would run it.
func TestControllerOutsideAKind(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := &calls{t: t}
		m := w.newManager()
		says(t, c.setup(m), "a controller that needs leader election", "build it in the Setup of a Kind")
		says(t, m.Add(manager.RunnableFunc(func(context.Context) error { return nil })),
			"a runnable (manager.RunnableFunc) that needs leader election")
		_, err := m.Own(member("pod"), kind(func(manager.Manager) error { return c.setup(m) }))
		says(t, err, "kind ConfigMap, Setup: ", "with the manager that Setup is given")

		no := false
		everywhere := ctrl.NewControllerManagedBy(m).For(&corev1.ConfigMap{}).WithOptions(controller.Options{NeedLeaderElection: &no})
		if err := everywhere.Complete(c); err != nil {
			t.Errorf("a controller that needs no election is refused: %v", err)
		}
	})
}

// TestSetupThatCannotBeRepeated: what would fail in the second term fails at once.
func TestSetupThatCannotBeRepeated(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := &calls{t: t}
		m := w.newManager(func(o *manager.Options) { o.Controller.SkipNameValidation = nil })
		never, strictName, sameName := false, unused("strict"), unused("same")
		strict := func(mgr manager.Manager) error {
			return ctrl.NewControllerManagedBy(mgr).For(&corev1.ConfigMap{}).Named(strictName).
				WithOptions(controller.Options{SkipNameValidation: &never}).Complete(c)
		}
		_, err := m.Own(member("pod"), kind(strict))
		says(t, err, "it is called again for each term, and its second call failed", "controller with name "+strictName+" already exists")

		// Names are compared once, and not with those of the same kind's other terms.
		named := func(mgr manager.Manager) error {
			return ctrl.NewControllerManagedBy(mgr).For(&corev1.ConfigMap{}).Named(sameName).Complete(c)
		}
		other := controllerruntime.Kind{For: &corev1.Secret{}, Setup: named}
		_, err = m.Own(member("pod"), kind(named), other)
		says(t, err, "kind Secret, Setup: controller with name "+sameName+" already exists")
		if strings.Contains(err.Error(), "kind ConfigMap") {
			t.Errorf("the second call of a Setup met the name of the first: %v", err)
		}
	})
}

// TestOwnMakesNoRequest: nor does NewManager; there is no API server here.
func TestOwnMakesNoRequest(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := &calls{t: t}
		m, err := controllerruntime.NewManager(&rest.Config{Host: "127.0.0.1:1"}, w.options())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Own(member("pod"), kind(c.setup)); err != nil {
			t.Error(err)
		}
	})
}
