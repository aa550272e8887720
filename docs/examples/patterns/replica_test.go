package patterns_test

import (
	"context"
	"fmt"
	"log"
	"testing"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

var widget = schema.GroupKind{Group: "example.com", Kind: "Widget"}

type work = func(ctx context.Context, term lease.Term) error

// replica is one replica of a program with one kind. It does nothing before run.
type replica struct {
	*coordinator.Coordinator
	stop context.CancelFunc
	done chan error
}

func newReplica(leases coordinationv1client.LeasesGetter, pod string, w work, change ...func(*coordinator.Options)) *replica {
	quiet := logr.Discard()
	options := coordinator.Options{Component: "widget-operator", Namespace: "default", PodName: pod, Logger: &quiet}
	for _, c := range change {
		c(&options)
	}
	c, err := coordinator.NewWithLeases(leases, options, coordinator.Kind{GroupKind: widget, Reconciler: coordinator.ReconcilerFunc(w)})
	if err != nil {
		log.Fatal(err)
	}
	return &replica{Coordinator: c, done: make(chan error, 1)}
}

// run lets the replica take part in the elections until leave.
func (r *replica) run() *replica {
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	go func() { r.done <- r.Run(ctx) }()
	return r
}

// leave returns when the replica has handed over.
func (r *replica) leave() {
	r.stop()
	if err := <-r.done; err != nil {
		log.Fatal(err)
	}
}

// move asks for another owner, as "kindred move" does.
func move(t *testing.T, api *leaseapi.API, to string) {
	t.Helper()
	name, err := lease.ShardOf(widget).Name("widget-operator")
	if err != nil {
		t.Fatal(err)
	}
	patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, lease.AnnotationMoveTo, to)
	if _, err := api.Client(nil).Leases("default").Patch(t.Context(), name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
}
