package e2e

import (
	"runtime"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// standbyObjects is how many ConfigMaps of a kilobyte the kind has.
const standbyObjects = 3000

// BenchmarkStandby measures what a warm standby costs and what it gains, beside a cold
// one, with real informers: the heap that a second replica of one kind adds, and the
// time from its election to its first reconcile.
//
//	go test ./test/e2e -run xxx -bench Standby -benchtime 20x
func BenchmarkStandby(b *testing.B) {
	for _, mode := range []struct {
		name   string
		policy coordinator.StandbyPolicy
	}{{"warm", coordinator.Warm}, {"cold", coordinator.Cold}} {
		b.Run(mode.name, func(b *testing.B) {
			namespace, err := plane.client.CoreV1().Namespaces().Create(b.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "bench-"}}, metav1.CreateOptions{})
			if err != nil {
				b.Fatal(err)
			}
			fill(b, namespace.Name, 0, standbyObjects)
			replicas := map[string]*watcher{}
			replicas["op-0"] = watchWith(b, namespace.Name, "op-0", mode.policy, b.Name())
			replicas["op-0"].firstReconcile(b)
			alone := heap()
			replicas["op-1"] = watchWith(b, namespace.Name, "op-1", mode.policy, b.Name())
			time.Sleep(5 * time.Second) // until it is ready, and warm
			if indexer := replicas["op-1"].runner.Indexer(); mode.policy == coordinator.Warm && (indexer == nil || len(indexer.ListKeys()) != standbyObjects) {
				b.Fatal("the standby is not warm")
			}
			added := heap() - alone

			name, err := lease.ShardOf(configMaps).Name("op")
			if err != nil {
				b.Fatal(err)
			}
			var firsts []time.Duration
			owner := "op-0"
			for b.Loop() {
				next := map[string]string{"op-0": "op-1", "op-1": "op-0"}[owner]
				replicas[next].mu.Lock()
				replicas[next].first = 0
				replicas[next].mu.Unlock()
				patch := []byte(`{"metadata":{"annotations":{"` + lease.AnnotationMoveTo + `":"` + next + `"}}}`)
				if _, err := plane.client.CoordinationV1().Leases(namespace.Name).Patch(b.Context(), name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
					b.Fatal(err)
				}
				firsts = append(firsts, replicas[next].firstReconcile(b))
				owner = next
			}
			slices.Sort(firsts)
			b.ReportMetric(float64(added)/1024/1024, "standby-MiB")
			b.ReportMetric(float64(added)/standbyObjects, "standby-B/object")
			b.ReportMetric(float64(firsts[len(firsts)/2].Microseconds())/1000, "first-reconcile-median-ms")
			b.ReportMetric(float64(firsts[len(firsts)-1].Microseconds())/1000, "first-reconcile-max-ms")
			b.ReportMetric(0, "ns/op") // what it waits for in between says nothing
		})
	}
}

// heap is what is in use after two collections: finalizers run between them.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// firstReconcile waits for the first reconcile of the term and returns how long after
// the election it came.
func (w *watcher) firstReconcile(b *testing.B) time.Duration {
	b.Helper()
	for deadline := time.Now().Add(settleTimeout); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		w.mu.Lock()
		first, began := w.first, w.elected
		w.mu.Unlock()
		if first > 0 && !began.IsZero() {
			return first
		}
	}
	b.Fatalf("%s has reconciled nothing", w.name)
	return 0
}
