package metrics_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/observe"
	"github.com/kindred-k8s/kindred/pkg/observe/metrics"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

var queue = schema.GroupKind{Group: "sample.kindred.dev", Kind: "Queue"}

// life is one replica in virtual time.
type life struct {
	*coordinator.Coordinator
	stop     func()
	registry *prometheus.Registry
}

// start runs a replica with metrics. fault is for all its requests.
func start(t *testing.T, api *leaseapi.API, name string, fault func(verb, name string) leaseapi.Fault, change ...func(*metrics.Metrics)) *life {
	t.Helper()
	discard := logr.Discard()
	m, registry := metrics.New(), prometheus.NewPedanticRegistry()
	for _, c := range change {
		c(m)
	}
	if err := registry.Register(m); err != nil {
		t.Fatal(err)
	}
	options := coordinator.Options{Component: "op", Namespace: "default", PodName: name, Logger: &discard, Observer: m.Hooks()}
	c, err := coordinator.NewWithLeases(api.Client(fault), options, coordinator.Kind{GroupKind: queue, Reconciler: coordinator.ReconcilerFunc(
		func(ctx context.Context, _ lease.Term) error {
			<-ctx.Done()
			time.Sleep(300 * time.Millisecond) // its drain
			return nil
		})})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := c.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	return &life{Coordinator: c, registry: registry, stop: func() { cancel(); <-done }}
}

// find returns the one series of a metric that has these label values; nil for none.
func (l *life) find(t *testing.T, name string, labels map[string]string) *dto.Metric {
	t.Helper()
	synctest.Wait()
	families, err := l.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.Metric {
			matches := 0
			for _, pair := range metric.Label {
				if want, asked := labels[pair.GetName()]; asked && want == pair.GetValue() {
					matches++
				}
			}
			if matches == len(labels) {
				return metric
			}
		}
	}
	return nil
}

// value returns the number that a series has: of a histogram, how often.
func (l *life) value(t *testing.T, name string, labels map[string]string) float64 {
	t.Helper()
	m := l.find(t, name, labels)
	switch {
	case m == nil:
		t.Errorf("there is no %s %v", name, labels)
		return -1
	case m.Gauge != nil:
		return m.Gauge.GetValue()
	case m.Counter != nil:
		return m.Counter.GetValue()
	default:
		return float64(m.Histogram.GetSampleCount())
	}
}

func (l *life) want(t *testing.T, name string, labels map[string]string, from, to float64) {
	t.Helper()
	if got := l.value(t, name, labels); got < from || got > to {
		t.Errorf("%s %v is %v, want %v to %v", name, labels, got, from, to)
	}
}

var about = map[string]string{"component": "op", "kind": "Queue.sample.kindred.dev", "bucket": ""}

func and(name, value string) map[string]string {
	labels := map[string]string{name: value}
	for k, v := range about {
		labels[k] = v
	}
	return labels
}

// TestLife: what the real coordinator tells in the life of one kind and two replicas.
func TestLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := leaseapi.New()
		one := start(t, api, "op-0", nil)
		time.Sleep(5*time.Second + 100*time.Millisecond)
		one.want(t, "kindred_owned", about, 1, 1)
		one.want(t, "kindred_unowned_seconds", about, 0, 0)
		one.want(t, "kindred_terms_total", about, 1, 1)
		one.want(t, "kindred_campaigns_total", and("result", "won"), 1, 1)
		one.want(t, "kindred_renewals_total", and("result", "success"), 1, 3)
		one.want(t, "kindred_safe_until_margin_seconds", about, 12, 14.25)
		one.want(t, "kindred_lease_duration_seconds", about, 15, 15)
		one.want(t, "kindred_without_owner_seconds", map[string]string{"after": "release"}, 0, 0)

		two := start(t, api, "op-1", nil)
		time.Sleep(5 * time.Second)
		two.want(t, "kindred_owned", about, 0, 0)
		if two.find(t, "kindred_safe_until_margin_seconds", about) != nil {
			t.Error("a replica that owns nothing has a margin")
		}

		one.stop()
		time.Sleep(time.Second)
		one.want(t, "kindred_owned", about, 0, 0)
		one.want(t, "kindred_term_ends_total", and("reason", "Leaving"), 1, 1)
		one.want(t, "kindred_handover_seconds", map[string]string{"phase": "drain"}, 1, 1)
		one.want(t, "kindred_handover_seconds", map[string]string{"phase": "release"}, 1, 1)
		if sum := one.find(t, "kindred_handover_seconds", map[string]string{"phase": "drain"}).Histogram.GetSampleSum(); sum < .29 || sum > .4 {
			t.Errorf("the drain of 0.3 s was counted as %v s", sum)
		}
		if one.find(t, "kindred_unowned_seconds", about) != nil {
			t.Error("a replica that has left says since when nobody owns the kind")
		}
		two.want(t, "kindred_owned", about, 1, 1)
		two.want(t, "kindred_handover_seconds", map[string]string{"phase": "take_over"}, 1, 1)
		two.want(t, "kindred_without_owner_seconds", map[string]string{"after": "release"}, 1, 1)
		two.stop()
	})
}

// TestUnowned: a kind that nobody takes is counted by those who could see an owner.
func TestUnowned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := leaseapi.New()
		noWrites := func(verb, name string) leaseapi.Fault {
			if verb == "create" && strings.Contains(name, "queue") {
				return leaseapi.Fault{Err: context.DeadlineExceeded}
			}
			return leaseapi.Fault{}
		}
		one := start(t, api, "op-0", noWrites)
		time.Sleep(61 * time.Second)
		one.want(t, "kindred_unowned_seconds", about, 60, 61)
		one.want(t, "kindred_owned", about, 0, 0)
		one.want(t, "kindred_problems", map[string]string{"component": "op"}, 1, 1)
		one.stop()
	})
}

// TestNames: the names follow Prometheus' conventions.
func TestNames(t *testing.T) {
	problems, err := testutil.GatherAndLint(full(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestNothingGrows: a thousand terms, problems and reasons make no more series than a
// few.
func TestNothingGrows(t *testing.T) {
	m, registry := metrics.New(), prometheus.NewPedanticRegistry()
	registry.MustRegister(m)
	h := m.Hooks()
	shard := lease.ShardOf(queue)
	h.Call(observe.Started{Component: "op", Shards: map[lease.Shard]lease.Timing{shard: {}}})
	fill := func(i int) int {
		term := lease.Term{Shard: shard, UID: "u", Transitions: i}
		h.Call(observe.Elected{Term: term, After: observe.ByRelease})
		h.Call(observe.Lost{Term: term, Reason: observe.Reason{Name: "LeaseDeleted"}})
		h.Call(observe.ProblemBegan{Operation: "lease " + term.Token()})
		h.Call(observe.Taken{Shard: shard, By: term.Token()})
		h.Call(observe.Fenced{Term: term, Refused: 1, Path: term.Token()})
		n, err := testutil.GatherAndCount(registry)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	first := fill(0)
	for i := range 1000 {
		if n := fill(i); n != first {
			t.Fatalf("%d series after term %d, and %d after the first", n, i, first)
		}
	}
}

// everything has, once full has been called, a series of every metric.
var everything = metrics.New()

// full returns a registry in which every metric has a series.
func full(t *testing.T) *prometheus.Registry {
	t.Helper()
	registry, m := prometheus.NewPedanticRegistry(), everything
	if err := registry.Register(m); err != nil {
		t.Fatal(err)
	}
	h := m.Hooks()
	term := lease.Term{Shard: lease.ShardOf(queue)}
	h.Call(observe.Started{Component: "op", Shards: map[lease.Shard]lease.Timing{term.Shard: {}}})
	h.Call(observe.Elected{Term: term, SafeUntil: time.Now()})
	h.Call(observe.Taken{Shard: term.Shard})
	h.Call(observe.Lost{Term: term, Reason: observe.Reason{Name: "LeaseDeleted"}})
	h.Call(observe.Elected{Term: term, SafeUntil: time.Now()})
	h.Call(observe.LeaseRequest{Verb: "get"})
	return registry
}

// TestElectors: client-go's metrics are registered once, and an error is one.
func TestElectors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewPedanticRegistry()
		one := start(t, leaseapi.New(), "op-0", nil, func(m *metrics.Metrics) {
			if err := m.RegisterElectors(registry); err != nil {
				t.Fatal(err)
			}
			if err := m.RegisterElectors(registry); err == nil {
				t.Error("two may be registered under one name")
			}
		})
		one.registry = registry
		time.Sleep(5 * time.Second)
		of := map[string]string{"name": "default/op.queue.sample.kindred.dev"}
		one.want(t, "leader_election_master_status", of, 1, 1)
		one.stop()
		one.want(t, "leader_election_master_status", of, 0, 0)
	})
}
