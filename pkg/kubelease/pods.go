package kubelease

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Pods watches the Pods of a component.
type Pods struct {
	client    corev1client.PodInterface
	namespace string
	name      string
}

// NewPods returns the watcher of the Pods in the namespace that have the same labels
// as the named one, this replica's own. Its connection and rate limits are its own.
func NewPods(config *rest.Config, namespace, name string) (*Pods, error) {
	client, err := corev1client.NewForConfig(apart(config, "kindred-pods"))
	if err != nil {
		return nil, fmt.Errorf("making the client for Pods: %w", err)
	}
	return &Pods{client.Pods(namespace), namespace, name}, nil
}

// ofOneRevision are labels that the Pods of one workload do not share: a replica of
// another revision, or with another ordinal, belongs to the component too.
var ofOneRevision = []string{
	"pod-template-hash", "controller-revision-hash", "pod-template-generation",
	"statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index", "batch.kubernetes.io/job-completion-index",
}

// Watch tells sink about each Pod, then every change, until ctx is cancelled. sink
// is called from one goroutine and must not block; problem as in Options.
func (p *Pods) Watch(ctx context.Context, sink func(lease.Pod), problem func(operation string, err error)) {
	report := func(err error) { problem("pods", p.explain(err)) }
	selector, ok := p.selector(ctx, report)
	if !ok {
		return
	}
	lw := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.LabelSelector = selector
			list, err := p.client.List(ctx, o)
			report(err)
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.LabelSelector = selector
			w, err := p.client.Watch(ctx, o)
			report(err)
			return w, err
		},
	}
	quiet := logr.Discard() // what fails is reported above
	reflector := cache.NewReflectorWithOptions(
		cache.ToListWatcherWithWatchListSemantics(lw, p.client), &corev1.Pod{}, podFeed{sink},
		cache.ReflectorOptions{Name: "kindred-pods", Logger: &quiet})
	reflector.RunWithContext(logr.NewContext(ctx, quiet))
}

// selector returns the labels of this replica's own Pod; false when ctx has ended.
func (p *Pods) selector(ctx context.Context, report func(error)) (string, bool) {
	const firstPause, lastPause = time.Second, time.Minute
	for wait := firstPause; ; wait = min(2*wait, lastPause) {
		pod, err := p.client.Get(ctx, p.name, metav1.GetOptions{})
		if err == nil && len(pod.Labels) == 0 {
			err = errors.New("the Pod has no labels to find the others by: label the Pods of the component")
		}
		if err == nil {
			own := labels.Set{}
			for key, value := range pod.Labels {
				own[key] = value
			}
			for _, key := range ofOneRevision {
				delete(own, key)
			}
			return own.String(), true
		}
		if ctx.Err() == nil {
			report(fmt.Errorf("reading this replica's Pod %s/%s: %w", p.namespace, p.name, err))
		}
		if !pause(ctx, wait) {
			return "", false
		}
	}
}

// SetDeletionCost writes the annotation by which a ReplicaSet chooses which Pod to
// stop first, the cheapest (k8s.io/api/core/v1, PodDeletionCost).
func (p *Pods) SetDeletionCost(ctx context.Context, cost int) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:"%d"}}}`, corev1.PodDeletionCost, cost)
	_, err := p.client.Patch(ctx, p.name, types.MergePatchType, patch, metav1.PatchOptions{})
	if apierrors.IsForbidden(err) {
		err = fmt.Errorf("%w: allow patch on pods in namespace %s, or do not ask for DeletionCost", err, p.namespace)
	}
	if err != nil {
		err = fmt.Errorf("writing the deletion cost of Pod %s/%s: %w", p.namespace, p.name, err)
	}
	return err
}

// explain says what a failure means and what to do.
func (p *Pods) explain(err error) error {
	if apierrors.IsForbidden(err) {
		return fmt.Errorf("%w: the Leases of a replica that has crashed are left to expire; to take over at once, allow get, list and watch on pods in namespace %s", err, p.namespace)
	}
	return err
}

// podFeed turns the reflector's store operations into what is told.
type podFeed struct{ sink func(lease.Pod) }

var _ cache.ReflectorStore = podFeed{}

func (f podFeed) Add(obj any) error    { return f.seen(obj) }
func (f podFeed) Update(obj any) error { return f.seen(obj) }

// Delete tells nothing: that a Pod is gone does not say that its process is.
func (f podFeed) Delete(any) error { return nil }

func (f podFeed) Replace(objs []any, _ string) error {
	var errs []error
	for _, obj := range objs {
		errs = append(errs, f.seen(obj))
	}
	return errors.Join(errs...)
}

func (f podFeed) Resync() error { return nil }

func (f podFeed) seen(obj any) error {
	pod, ok := obj.(*corev1.Pod)
	if !ok {
		return fmt.Errorf("the watch over Pods sent a %T", obj)
	}
	f.sink(PodState(pod))
	return nil
}

// PodState returns what the kubelet says about a Pod.
func PodState(pod *corev1.Pod) lease.Pod {
	p := lease.Pod{
		UID:   string(pod.UID),
		Final: pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed,
	}
	for _, s := range pod.Status.ContainerStatuses {
		c := lease.Container{Name: s.Name, Running: s.State.Running != nil}
		switch {
		case s.State.Terminated != nil:
			c.Finished = s.State.Terminated.FinishedAt.Time
		case s.LastTerminationState.Terminated != nil:
			c.Finished = s.LastTerminationState.Terminated.FinishedAt.Time
		}
		p.Containers = append(p.Containers, c)
	}
	return p
}
