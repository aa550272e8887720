package controllerruntime_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kindred-k8s/kindred/pkg/adapter/controllerruntime"
)

// TestMetricsOfSeveralTerms: counters go on from term to term, and gauges say what
// is, not what the queues of former terms held when they were shut down.
func TestMetricsOfSeveralTerms(t *testing.T) {
	for name, priority := range map[string]bool{"priority": true, "plain": false} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) { severalTerms(t, w, unused(name), priority) })
		})
	}
}

func severalTerms(t *testing.T, w *world, name string, priority bool) {
	c := &calls{t: t, react: func(ctx context.Context, _ string) (reconcile.Result, error) {
		<-ctx.Done() // one is under way, the others wait in the queue
		return reconcile.Result{}, nil
	}}
	for i := range 5 {
		w.configMaps.Add(configMap(fmt.Sprint(i)))
	}
	m := w.newManager()
	w.background(m.GetCache().Start)
	terms := controllerruntime.NewReconciler(m, kind(func(mgr manager.Manager) error {
		return ctrl.NewControllerManagedBy(mgr).For(&corev1.ConfigMap{}).Named(name).
			WithOptions(controller.Options{UsePriorityQueue: &priority}).Complete(c)
	}))
	for n := range 3 {
		ctx, end := context.WithCancel(termContext(n))
		ended := make(chan error)
		go func() { ended <- terms.Run(ctx, term(n)) }()
		time.Sleep(10200 * time.Millisecond)
		during := values(t, name)
		if depth, old := during["workqueue_depth"], during["workqueue_longest_running_processor_seconds"]; depth != 4 || old < 9 || old > 11 {
			t.Errorf("term %d: depth %v, longest running %v; want 4 and about 10 seconds", n, depth, old)
		}
		if adds := during["workqueue_adds_total"]; adds != float64(5*(n+1)) {
			t.Errorf("term %d: %v have been added to the queue, want 5 for each term", n, adds)
		}
		end()
		if err := <-ended; err != nil {
			t.Errorf("Run returned %v", err)
		}
		// A plain queue hands out what is left in it; the term waits for that too.
		c.mu.Lock()
		if done := len(c.names); !priority && done != 5*(n+1) {
			t.Errorf("by the end of term %d there were %d reconciles, want 5 for each term", n, done)
		}
		c.mu.Unlock()
		time.Sleep(2300 * time.Millisecond)
		after := values(t, name)
		for _, gauge := range []string{"workqueue_depth", "workqueue_unfinished_work_seconds", "workqueue_longest_running_processor_seconds"} {
			if value, there := after[gauge]; there {
				t.Errorf("after term %d %s is %v, want none", n, gauge, value)
			}
		}
		if active := after["controller_runtime_active_workers"]; active != 0 {
			t.Errorf("after term %d there are %v active workers", n, active)
		}
	}
}

// runs makes names that no other run of a test in this process has had.
var runs atomic.Int64

func unused(name string) string { return fmt.Sprint(name, runs.Add(1)) }

// values returns the metrics of one controller, the sum over other labels.
func values(t *testing.T, controller string) map[string]float64 {
	t.Helper()
	families, err := metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == "controller" && label.GetValue() == controller {
					all[family.GetName()] += metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
				}
			}
		}
	}
	return all
}
