package broken

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/klog/v2"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
)

const (
	// pace is the pause between two writes of a kind.
	pace = 100 * time.Millisecond
	// finishing is how long a reconciler takes for what it was doing when it is told
	// to stop. Then comes its last write.
	finishing = 500 * time.Millisecond
	// finishTimeout is how long that last write may take: the time-out of a client.
	finishTimeout = 30 * time.Second
	// perKind is how many objects each kind has.
	perKind = 2
)

// kinds are what the replicas share, the first the one at which faults are aimed.
var kinds = sample.Kinds[:2]

// worker is the work of a replica. It is the same in all systems; how it comes by
// its term, and what guards its client, is not.
type worker struct {
	identity string
	client   dynamic.Interface
	order    order
	// deaf makes it ignore its context altogether.
	deaf atomic.Bool
}

// work writes the objects of a kind until ctx is done, finishes the one that it is
// at, which takes a while and ends with a write, and returns.
func (w *worker) work(ctx context.Context, kind schema.GroupKind, token string) {
	klog.InfoS("work begins", "kind", kind.Kind, "term", token)
	defer klog.InfoS("work has ended", "kind", kind.Kind, "term", token)
	objects := w.client.Resource(sample.GVR(kind)).Namespace(w.order.Namespace)
	for i := 0; ; i++ {
		o := object{ResourceInterface: objects, name: objectName(kind, i%perKind), writer: w.identity, token: token}
		err := o.reconcile(w.hears(ctx))
		if err != nil {
			klog.InfoS("write failed", "kind", kind.Kind, "term", token, "err", err)
		}
		time.Sleep(pace)
		if w.hears(ctx).Err() != nil {
			time.Sleep(finishing)
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
			defer cancel()
			klog.InfoS("last write", "kind", kind.Kind, "term", token, "err", o.write(last))
			return
		}
	}
}

// hears is the context that the work goes by.
func (w *worker) hears(ctx context.Context) context.Context {
	if w.deaf.Load() {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// object is one that is reconciled, in a term.
type object struct {
	dynamic.ResourceInterface
	name, writer, token string
	reconciles          int64 // as last read
}

func (o *object) reconcile(ctx context.Context) error {
	// As an informer has it: not necessarily the latest.
	now, err := o.Get(ctx, o.name, metav1.GetOptions{ResourceVersion: "0"})
	if err != nil {
		return err
	}
	o.reconciles, _, _ = unstructured.NestedInt64(now.Object, "status", "reconciles")
	return o.write(ctx)
}

// write writes the status, blindly: no resourceVersion protects what is there.
func (o *object) write(ctx context.Context) error {
	status := map[string]any{
		"pod": o.writer, "term": o.token, "reconciles": o.reconciles + 1,
		"phase": time.Now().Format(time.RFC3339Nano), // the schema has no better place for a time
	}
	body, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		return err
	}
	_, err = o.Patch(ctx, o.name, types.MergePatchType, body, metav1.PatchOptions{}, "status")
	return err
}

// objectName is what sample.CreateSamples calls them.
func objectName(kind schema.GroupKind, i int) string {
	return fmt.Sprintf("%s-%d", strings.ToLower(kind.Kind), i+1)
}
