package e2e

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	coreinformers "k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/kindred-k8s/kindred/pkg/adapter/informer"
	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// configMaps is the kind that these replicas reconcile with a real informer.
var configMaps = schema.GroupKind{Kind: "ConfigMap"}

// watcher is a replica inside the test whose one kind has an informer.
type watcher struct {
	name   string
	runner *informer.Runner
	cancel context.CancelFunc
	done   chan struct{}
	err    error // what Run returned; read after done

	mu         sync.Mutex
	reconciled map[string]int
	elected    time.Time     // when the last term began
	first      time.Duration // from there to its first reconcile; zero until then
}

// watchWith starts one for the ConfigMaps of a namespace, which has the Leases too.
func watchWith(t testing.TB, namespace, name string, standby coordinator.StandbyPolicy, resourceName string) *watcher {
	t.Helper()
	w := &watcher{name: name, done: make(chan struct{}), reconciled: map[string]int{}}
	config := rest.CopyConfig(plane.config)
	config.QPS = -1
	client := kubernetes.NewForConfigOrDie(config)
	var err error
	w.runner, err = informer.New(informer.Options{
		Name: resourceName + "-" + name,
		NewInformer: func() cache.SharedIndexInformer {
			return coreinformers.NewFilteredConfigMapInformer(client, namespace, 0, cache.Indexers{}, func(o *metav1.ListOptions) { o.LabelSelector = "bench" })
		},
		Reconcile: func(_ context.Context, _ lease.Term, key cache.ObjectName) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.reconciled[key.Name]++
			if w.first == 0 {
				w.first = time.Since(w.elected)
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	quiet := logr.Discard()
	c, err := coordinator.New(config, coordinator.Options{
		Component: "op", Namespace: namespace, PodName: name, Logger: &quiet, Timing: short, RebalanceDelay: time.Second,
	}, coordinator.Kind{GroupKind: configMaps, Standby: standby, Reconciler: w})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	go func() {
		defer close(w.done)
		w.err = c.Run(ctx)
	}()
	t.Cleanup(func() {
		if err := w.stop(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	})
	return w
}

func (w *watcher) Standby(ctx context.Context) error { return w.runner.Standby(ctx) }

func (w *watcher) Run(ctx context.Context, term lease.Term) error {
	w.mu.Lock()
	w.elected, w.first = time.Now(), 0
	w.mu.Unlock()
	return w.runner.Run(ctx, term)
}

func (w *watcher) stop() error {
	w.cancel()
	<-w.done
	return w.err
}

// has says whether the replica has reconciled an object.
func (w *watcher) has(object string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.reconciled[object] > 0
}

// fill makes labelled ConfigMaps of about a kilobyte, several at once.
func fill(t testing.TB, namespace string, from, to int) {
	t.Helper()
	config := rest.CopyConfig(plane.config)
	config.QPS = -1
	maps := kubernetes.NewForConfigOrDie(config).CoreV1().ConfigMaps(namespace)
	next := make(chan int)
	var running sync.WaitGroup
	for range 16 {
		running.Go(func() {
			for i := range next {
				object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("object-%d", i), Labels: map[string]string{"bench": "yes"}}}
				object.Data = map[string]string{"data": fmt.Sprintf("%01000d", i)}
				if _, err := maps.Create(t.Context(), object, metav1.CreateOptions{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := from; i < to; i++ {
		next <- i
	}
	close(next)
	running.Wait()
}

// TestColdStandby: a replica that does not own the kind watches none of its objects,
// and the one that takes over begins with all of them, also those that were made
// when it did not watch.
func TestColdStandby(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	fill(t, namespace, 0, 3)
	a := watchWith(t, namespace, "op-0", coordinator.Cold, "cold")
	until := func(what string, is func() bool) {
		t.Helper()
		within(t, settleTimeout, what, func(context.Context) error {
			if !is() {
				return errors.New("not yet")
			}
			return nil
		})
	}
	until("the first replica to reconcile", func() bool { return a.has("object-0") && a.has("object-1") && a.has("object-2") })
	b := watchWith(t, namespace, "op-1", coordinator.Cold, "cold")
	joined := func() bool {
		members, err := plane.client.CoordinationV1().Leases(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: lease.LabelRole + "=" + lease.RoleMember})
		ready := 0
		for _, m := range members.Items {
			if member, err := lease.DecodeMember("", m.Annotations[lease.AnnotationMember]); err == nil && member.Phase == lease.Ready && len(member.Serves) == 1 {
				ready++
			}
		}
		return err == nil && ready == 2
	}
	until("both to offer the kind", joined)
	fill(t, namespace, 3, 4)
	until("the owner to reconcile what is new", func() bool { return a.has("object-3") })
	if b.runner.Indexer() != nil || b.has("object-0") {
		t.Error("a cold standby watches")
	}
	if err := a.stop(); err != nil {
		t.Error(err)
	}
	if a.runner.Indexer() != nil {
		t.Error("the cache of the former owner is left")
	}
	until("the second to reconcile all of them", func() bool {
		return b.has("object-0") && b.has("object-1") && b.has("object-2") && b.has("object-3")
	})
	if _, found, err := b.runner.Indexer().GetByKey(namespace + "/object-3"); !found || err != nil {
		t.Errorf("object-3 is not in the new owner's cache: %v", err)
	}
}
