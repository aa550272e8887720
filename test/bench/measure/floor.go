package measure

import (
	"context"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/utils/ptr"
)

// floor is the least that a handover through a Lease can take: a write, its watch event,
// and a write by who saw it.
type floor struct {
	from, to coordinationv1client.LeaseInterface
	watch    watch.Interface
}

func newFloor(ctx context.Context, b *Bench) (*floor, error) {
	var f floor
	namespace, err := b.Client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "floor-"}}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	for _, end := range []*coordinationv1client.LeaseInterface{&f.from, &f.to} {
		client, err := kubernetes.NewForConfig(b.Cluster.RESTConfig())
		if err != nil {
			return nil, err
		}
		*end = client.CoordinationV1().Leases(namespace.Name)
	}
	l := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "floor"}, Spec: coordinationv1.LeaseSpec{HolderIdentity: ptr.To("to")}}
	made, err := f.from.Create(ctx, l, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	f.watch, err = f.to.Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=floor", ResourceVersion: made.ResourceVersion})
	return &f, err
}

// times measures n handovers.
func (f *floor) times(ctx context.Context, n int) ([]time.Duration, error) {
	var times []time.Duration
	for range n {
		took, err := f.once(ctx)
		if err != nil {
			return nil, fmt.Errorf("measuring the floor: %w", err)
		}
		times = append(times, took)
	}
	return times, nil
}

func (f *floor) once(ctx context.Context) (time.Duration, error) {
	l, err := f.from.Get(ctx, "floor", metav1.GetOptions{})
	if err != nil {
		return 0, err
	}
	l.Spec.HolderIdentity = ptr.To("")
	began := time.Now()
	if _, err := f.from.Update(ctx, l, metav1.UpdateOptions{}); err != nil {
		return 0, err
	}
	for e := range f.watch.ResultChan() {
		free, ok := e.Object.(*coordinationv1.Lease)
		if !ok || *free.Spec.HolderIdentity != "" {
			continue
		}
		free.Spec.HolderIdentity = ptr.To("to")
		_, err := f.to.Update(ctx, free, metav1.UpdateOptions{})
		return time.Since(began), err
	}
	return 0, fmt.Errorf("the watch has ended")
}
