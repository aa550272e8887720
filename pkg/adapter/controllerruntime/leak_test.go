package controllerruntime_test

import (
	"bytes"
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/kindred-k8s/kindred/pkg/adapter/controllerruntime"
)

// TestFiftyTermsLeaveNothing: one replica owns a kind fifty times. Each term has the
// same handlers on the informers and the same goroutines as the one before, and
// between two terms there are none of them.
func TestFiftyTermsLeaveNothing(t *testing.T) {
	for name, priority := range map[string]bool{"priority queue": true, "plain queue": false} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) { fiftyTerms(t, w, priority) })
		})
	}
}

func fiftyTerms(t *testing.T, w *world, priority bool) {
	c := &calls{t: t}
	setup := func(mgr manager.Manager) error {
		return ctrl.NewControllerManagedBy(mgr).For(&corev1.ConfigMap{}).Owns(&corev1.Secret{}).
			WithOptions(controller.Options{UsePriorityQueue: &priority}).Complete(c)
	}
	w.configMaps.Add(configMap("a"))
	m := w.newManager()
	terms := controllerruntime.NewReconciler(m, kind(setup, &corev1.Secret{}))
	w.background(m.GetCache().Start)
	w.background(terms.Standby)

	type count struct{ handlers, goroutines int }
	look := func() count {
		time.Sleep(2 * time.Second)
		synctest.Wait()
		return count{w.configMaps.read(&w.configMaps.handlers) + w.secrets.read(&w.secrets.handlers), goroutines(t)}
	}
	before := look()
	var during count
	for n := range 50 {
		ctx, end := context.WithCancel(termContext(n))
		ended := make(chan error)
		go func() { ended <- terms.Run(ctx, term(n)) }()
		in := look()
		c.want("a")
		end()
		if err := <-ended; err != nil {
			t.Errorf("term %d: Run returned %v", n, err)
		}
		if n == 0 {
			during = in
		}
		if after := look(); in != during || after != before {
			t.Fatalf("term %d has %+v and leaves %+v; the first had %+v, before it there was %+v", n, in, after, during, before)
		}
	}
	if during.handlers != 2 {
		t.Errorf("a term has %d handlers, want one for each of two types", during.handlers)
	}
	t.Logf("a term has %+v, without one there are %+v", during, before)
}

// background runs something until the end of the test.
func (w *world) background(what func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- what(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("it ended with %v", err)
		}
	})
}

// goroutines counts those of the bubble: the runtime's own come and go.
func goroutines(t *testing.T) int {
	t.Helper()
	stacks := make([]byte, 4<<20)
	n := runtime.Stack(stacks, true)
	if n == len(stacks) {
		t.Fatal("there are too many goroutines to count")
	}
	return bytes.Count(stacks[:n], []byte(", synctest bubble "))
}
