//go:build deploy

package deploy

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// objects is the namespace of the objects.
const objects = "kindred-e2e"

// recorder writes the history, by watches that miss nothing: one that breaks goes on where it was.
type recorder struct {
	t  *testing.T
	mu sync.Mutex
	h  History
}

// record starts to record, and goes on until the test ends.
func record(t *testing.T) *recorder {
	r := &recorder{t: t}
	leases := target.objects.Resource(coordinationv1.SchemeGroupVersion.WithResource("leases")).Namespace(namespace)
	r.follow(leases, lease.LabelRole+"="+lease.RoleOwner, r.lease)
	for _, kind := range sample.Kinds {
		r.follow(target.objects.Resource(sample.GVR(kind)).Namespace(objects), "", r.status(kind))
	}
	return r
}

func (r *recorder) follow(api dynamic.ResourceInterface, labels string, note func(*unstructured.Unstructured, bool) error) {
	r.t.Helper()
	list, err := api.List(r.t.Context(), metav1.ListOptions{LabelSelector: labels})
	if err != nil {
		r.t.Fatal(err)
	}
	for i := range list.Items {
		if err := note(&list.Items[i], false); err != nil {
			r.t.Fatal(err)
		}
	}
	ctx := r.t.Context()
	w, err := watchtools.NewRetryWatcherWithContext(ctx, list.GetResourceVersion(), &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.LabelSelector = labels
			return api.Watch(ctx, o)
		},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	var watching sync.WaitGroup
	watching.Go(func() {
		for event := range w.ResultChan() {
			object, ok := event.Object.(*unstructured.Unstructured)
			if !ok {
				r.t.Errorf("a watch ended: %v", event)
				return
			}
			if err := note(object, event.Type == watch.Deleted); err != nil {
				r.t.Error(err)
			}
		}
	})
	r.t.Cleanup(watching.Wait)
}

func (r *recorder) lease(object *unstructured.Unstructured, deleted bool) error {
	var l coordinationv1.Lease
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &l); err != nil {
		return err
	}
	e := Event{Kind: l.Labels[lease.LabelKind]}
	if s := l.Spec; !deleted && s.HolderIdentity != nil && *s.HolderIdentity != "" && s.LeaseTransitions != nil {
		e.Pod = lease.PodName(*s.HolderIdentity)
		e.Term = lease.Term{UID: string(l.UID), Transitions: int(*s.LeaseTransitions)}.Token()
	}
	return r.add(e, object)
}

// status notes a change of the number of writes, which every write counts up. The rest of an object is of no interest.
func (r *recorder) status(kind schema.GroupKind) func(*unstructured.Unstructured, bool) error {
	seen := map[string]int64{}
	return func(object *unstructured.Unstructured, _ bool) error {
		e := Event{Kind: kind.Kind, Object: object.GetName()}
		e.Writes, _, _ = unstructured.NestedInt64(object.Object, "status", "reconciles")
		if e.Writes == seen[e.Object] {
			return nil
		}
		seen[e.Object] = e.Writes
		e.Pod, _, _ = unstructured.NestedString(object.Object, "status", "pod")
		e.Term, _, _ = unstructured.NestedString(object.Object, "status", "term")
		return r.add(e, object)
	}
}

func (r *recorder) add(e Event, object *unstructured.Unstructured) (err error) {
	if e.Revision, err = strconv.ParseInt(object.GetResourceVersion(), 10, 64); err != nil {
		return fmt.Errorf("the resourceVersion of %s is no number: %w", object.GetName(), err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.h = append(r.h, e)
	return nil
}

func (r *recorder) history() History {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append(History{}, r.h...)
}

// changes are what can be changed in the spec of one object of each kind, back and forth.
var changes = map[string]struct {
	object, field string
	values        [2]any
}{
	"Database": {"orders", "sizeGiB", [2]any{100, 101}},
	"Queue":    {"mail", "retentionSeconds", [2]any{86400, 86401}},
	"Topic":    {"clicks", "partitions", [2]any{24, 25}},
	"Cache":    {"sessions", "memoryMiB", [2]any{2048, 2049}},
	"Bucket":   {"uploads", "versioning", [2]any{true, false}},
}

// keepBusy changes objects all along, so that whoever thinks that it owns a kind writes.
func keepBusy(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var working sync.WaitGroup
	working.Go(func() {
		for i, tick := 0, time.NewTicker(250*time.Millisecond); ; i++ {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
			}
			for _, kind := range sample.Kinds {
				c := changes[kind.Kind]
				patch := fmt.Appendf(nil, `{"spec":{%q:%v}}`, c.field, c.values[i%2])
				api := target.objects.Resource(sample.GVR(kind)).Namespace(objects)
				if _, err := api.Patch(ctx, c.object, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil && ctx.Err() == nil {
					t.Errorf("change %s %s: %v", kind.Kind, c.object, err)
					return
				}
			}
		}
	})
	t.Cleanup(func() { stop(); working.Wait() })
}
