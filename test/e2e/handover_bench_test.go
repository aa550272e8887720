package e2e

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// BenchmarkHandover measures how long a kind is without a reconciler when it moves
// from one live replica to another, and beside it, in turn and on the same API
// server, the floor: one write, its watch event, and one write by who saw it.
//
//	go test ./test/e2e -run xxx -bench Handover -benchtime 300x
func BenchmarkHandover(b *testing.B) {
	namespace, err := plane.client.CoreV1().Namespaces().Create(b.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "bench-"}}, metav1.CreateOptions{})
	if err != nil {
		b.Fatal(err)
	}
	kind := sample.Kinds[0]
	h := &handovers{b: b, started: make(chan handover, 16)}
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	for _, name := range []string{"op-0", "op-1"} {
		quiet := logr.Discard()
		c, err := coordinator.New(plane.config, coordinator.Options{
			Component: "op", Namespace: namespace.Name, PodName: name, Logger: &quiet, RebalanceDelay: time.Second,
		}, coordinator.Kind{GroupKind: kind, Reconciler: h.reconciler(name)})
		if err != nil {
			b.Fatal(err)
		}
		running.Go(func() {
			if err := c.Run(ctx); err != nil {
				b.Error(err)
			}
		})
	}
	owner := (<-h.started).to
	time.Sleep(3 * time.Second) // until both are ready
	floor := newFloor(b, namespace.Name)
	var gaps, floors []time.Duration
	leaseName, err := lease.ShardOf(kind).Name("op")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		next := "op-0"
		if owner == next {
			next = "op-1"
		}
		patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, lease.AnnotationMoveTo, next)
		if _, err := plane.client.CoordinationV1().Leases(namespace.Name).Patch(b.Context(), leaseName, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			b.Fatal(err)
		}
		moved := <-h.started
		gaps = append(gaps, moved.gap)
		owner = moved.to
		floors = append(floors, floor.once())
	}
	slices.Sort(gaps)
	slices.Sort(floors)
	at := func(all []time.Duration, permille int) time.Duration { return all[(len(all)-1)*permille/1000] }
	for _, q := range []struct {
		name     string
		permille int
	}{{"median", 500}, {"p99", 990}} {
		gap, least := at(gaps, q.permille), at(floors, q.permille)
		b.ReportMetric(float64(gap.Microseconds())/1000, q.name+"-ms")
		b.ReportMetric(float64(least.Microseconds())/1000, q.name+"-floor-ms")
		b.ReportMetric(float64(gap)/float64(least), q.name+"-ratio")
	}
	b.ReportMetric(0, "ns/op") // what it waits for in between says nothing
}

type handover struct {
	to  string
	gap time.Duration
}

// handovers are told when reconcilers start and stop.
type handovers struct {
	b       *testing.B
	mu      sync.Mutex
	last    time.Time
	started chan handover
}

func (h *handovers) reconciler(name string) coordinator.Reconciler {
	return coordinator.ReconcilerFunc(func(ctx context.Context, _ lease.Term) error {
		h.mu.Lock()
		gap := time.Since(h.last)
		h.mu.Unlock()
		h.started <- handover{name, gap}
		<-ctx.Done()
		h.mu.Lock()
		h.last = time.Now()
		h.mu.Unlock()
		return nil
	})
}

// floor is the least that a handover through a Lease can take.
type floor struct {
	b          *testing.B
	first, own kubernetes.Interface
	namespace  string
	seen       chan *coordinationv1.Lease
}

func newFloor(b *testing.B, namespace string) *floor {
	f := &floor{b: b, first: kubernetes.NewForConfigOrDie(plane.config), own: kubernetes.NewForConfigOrDie(plane.config), namespace: namespace, seen: make(chan *coordinationv1.Lease, 16)}
	l := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "floor"}, Spec: coordinationv1.LeaseSpec{HolderIdentity: ptr.To("a")}}
	if _, err := f.first.CoordinationV1().Leases(namespace).Create(b.Context(), l, metav1.CreateOptions{}); err != nil {
		b.Fatal(err)
	}
	w, err := f.own.CoordinationV1().Leases(namespace).Watch(b.Context(), metav1.ListOptions{FieldSelector: "metadata.name=floor"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(w.Stop)
	go func() {
		for e := range w.ResultChan() {
			if l, ok := e.Object.(*coordinationv1.Lease); ok && *l.Spec.HolderIdentity == "" {
				f.seen <- l
			}
		}
	}()
	return f
}

// once empties the Lease, waits until the other client has seen that, and takes it.
func (f *floor) once() time.Duration {
	f.b.Helper()
	leases := f.first.CoordinationV1().Leases(f.namespace)
	l, err := leases.Get(f.b.Context(), "floor", metav1.GetOptions{})
	if err != nil {
		f.b.Fatal(err)
	}
	l.Spec.HolderIdentity = ptr.To("")
	began := time.Now()
	if _, err := leases.Update(f.b.Context(), l, metav1.UpdateOptions{}); err != nil {
		f.b.Fatal(err)
	}
	free := <-f.seen
	free.Spec.HolderIdentity = ptr.To("b")
	if _, err := f.own.CoordinationV1().Leases(f.namespace).Update(f.b.Context(), free, metav1.UpdateOptions{}); err != nil {
		f.b.Fatal(err)
	}
	return time.Since(began)
}
