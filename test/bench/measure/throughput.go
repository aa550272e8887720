package measure

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/fence"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/test/bench/report"
	"github.com/kindred-k8s/kindred/test/bench/system"
)

var throughput = define(Measurement{
	Name: "throughput", Title: "Reconciles of a busy kind",
	Takes: 3 * time.Minute, Quick: 5 * time.Second,
}, runThroughput, throughputTables, nil)

// workers reconcile the kind, each with its own object.
const workers = 2

// The ways in which the same reconciler runs.
var ways = []string{"by itself", "coordinator", "coordinator and fence"}

// ThroughputData has, for each round, reconciles a second in each of the ways.
type ThroughputData struct {
	Rounds []map[string]float64 `json:"rounds"`
}

// ratios returns what a way makes of one reconciler by itself, round by round.
func (d ThroughputData) ratios(way string) []float64 {
	var ratios []float64
	for _, r := range d.Rounds {
		ratios = append(ratios, r[way]/r[ways[0]])
	}
	return ratios
}

func (d ThroughputData) rates(way string) []float64 {
	var rates []float64
	for _, r := range d.Rounds {
		rates = append(rates, r[way])
	}
	return rates
}

// busy is a reconciler that is never done: it reads an object and writes it.
type busy struct {
	bench     *Bench
	namespace string
	clients   map[string]kubernetes.Interface // by way
	window    time.Duration
}

// The rounds are short and many because an API server changes its speed from second to
// second by more than is measured here: what is compared must be close in time.
func runThroughput(ctx context.Context, b *Bench) (data ThroughputData, err error) {
	w, err := newBusy(ctx, b)
	if err != nil {
		return data, err
	}
	ctx, leave := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer leave()
	turns := map[string]context.Context{ways[0]: ctx}
	for _, way := range ways[1:] {
		if turns[way], err = w.own(ctx, &running, way); err != nil {
			return data, fmt.Errorf("%s: %w", way, err)
		}
	}
	b.Say("one kind, %d workers that read and write, in three ways", workers)
	for round := range pick(b, 3, 400) {
		rates := map[string]float64{}
		for i := range ways {
			way := ways[(i+round)%len(ways)] // none always has the first turn
			if rates[way], err = w.reconcile(turns[way], w.clients[way]); err != nil {
				return data, fmt.Errorf("%s: %w", way, err)
			}
		}
		data.Rounds = append(data.Rounds, rates)
	}
	return data, nil
}

func newBusy(ctx context.Context, b *Bench) (*busy, error) {
	namespace, err := b.Client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "busy-"}}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	w := &busy{bench: b, namespace: namespace.Name, clients: map[string]kubernetes.Interface{}, window: 125 * time.Millisecond}
	for i := range workers {
		object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("object-", i)}}
		if _, err := b.Client.CoreV1().ConfigMaps(w.namespace).Create(ctx, object, metav1.CreateOptions{}); err != nil {
			return nil, err
		}
	}
	for _, way := range ways {
		config := b.Cluster.RESTConfig()
		dialer := &net.Dialer{}
		config.Dial = dialer.DialContext // a connection of its own
		if way == ways[2] {
			if config, err = fence.Wrap(config, fence.RefuseUnfenced); err != nil {
				return nil, err
			}
		}
		if w.clients[way], err = kubernetes.NewForConfig(rest.AddUserAgent(config, "bench")); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// own starts a coordinator, of a component of its own, and returns the context of the
// term that it wins. It renews that until ctx ends, in its turns and in those of others.
func (w *busy) own(ctx context.Context, running *sync.WaitGroup, way string) (context.Context, error) {
	quiet := logr.Discard()
	options := coordinator.Options{
		Component: strings.ReplaceAll(way, " ", "-"), Namespace: w.namespace, PodName: "busy", Timing: system.Kubernetes, Logger: &quiet,
	}
	won, ended := make(chan context.Context, 1), make(chan error, 1)
	c, err := coordinator.New(w.bench.Cluster.RESTConfig(), options, coordinator.Kind{
		GroupKind: system.Kinds(1)[0],
		Reconciler: coordinator.ReconcilerFunc(func(term context.Context, _ lease.Term) error {
			select {
			case won <- term:
			default: // a second term: the first has ended, and with it the measurement
			}
			<-term.Done()
			return nil
		}),
	})
	if err != nil {
		return nil, err
	}
	running.Go(func() { ended <- c.Run(ctx) })
	select {
	case term := <-won:
		return term, nil
	case err := <-ended:
		return nil, fmt.Errorf("the coordinator ended before it owned the kind: %w", errors.Join(err, ctx.Err()))
	}
}

// reconcile keeps all workers busy, first for a tenth of the window, which does not
// count.
func (w *busy) reconcile(ctx context.Context, client kubernetes.Interface) (float64, error) {
	if _, err := w.count(ctx, client, w.window/10); err != nil {
		return 0, err
	}
	began := time.Now()
	n, err := w.count(ctx, client, w.window)
	return float64(n) / time.Since(began).Seconds(), err
}

func (w *busy) count(ctx context.Context, client kubernetes.Interface, window time.Duration) (int64, error) {
	var (
		running sync.WaitGroup
		n       atomic.Int64
		failure atomic.Pointer[error]
		until   = time.Now().Add(window)
	)
	for i := range workers {
		running.Go(func() {
			for failure.Load() == nil && time.Now().Before(until) {
				if err := w.once(ctx, client, fmt.Sprint("object-", i)); err != nil {
					failure.Store(&err)
					return
				}
				n.Add(1)
			}
		})
	}
	running.Wait()
	if err := failure.Load(); err != nil {
		return 0, *err
	}
	return n.Load(), nil
}

func (w *busy) once(ctx context.Context, client kubernetes.Interface, name string) error {
	objects := client.CoreV1().ConfigMaps(w.namespace)
	object, err := objects.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	patch := fmt.Appendf(nil, `{"data":{"seen":%q}}`, object.ResourceVersion)
	_, err = objects.Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

func throughputTables(data ThroughputData) []report.Table {
	t := report.Table{
		Title:   fmt.Sprintf("One kind, %d workers, each reconcile one read and one write; %d rounds, the ways in turn", workers, len(data.Rounds)),
		Columns: []string{"the same reconciler", "reconciles/s, median", "to by itself, median of the rounds", "in 95 of 100 cases between"},
	}
	for _, way := range ways {
		ratios := data.ratios(way)
		between := "–"
		if way != ways[0] {
			low, high := likely(ratios)
			between = fmt.Sprintf("%.3f and %.3f", low, high)
		}
		t.Rows = append(t.Rows, []string{way, report.Number(median(data.rates(way))), fmt.Sprintf("%.3f×", median(ratios)), between})
	}
	return []report.Table{t}
}
