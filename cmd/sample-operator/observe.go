package main

import (
	"context"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/client-go/rest"

	"github.com/kindred-k8s/kindred/pkg/observe"
	"github.com/kindred-k8s/kindred/pkg/observe/events"
	"github.com/kindred-k8s/kindred/pkg/observe/metrics"
)

// seen is what others see of the replica.
type seen struct {
	hooks    *observe.Hooks
	registry *prometheus.Registry
	recorder *events.Recorder // nil when no Events are made
}

func observers(config *rest.Config, makeEvents bool) (*seen, error) {
	m, registry := metrics.New(), prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{m, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	if err := m.RegisterElectors(registry); err != nil {
		return nil, err
	}
	s := &seen{hooks: m.Hooks(), registry: registry}
	if makeEvents {
		var err error
		if s.recorder, err = events.New(config, events.Options{}); err != nil {
			return nil, err
		}
		s.hooks = observe.Tee(s.hooks, s.recorder.Hooks())
	}
	return s, nil
}

// record makes Events until ctx is cancelled.
func (s *seen) record(ctx context.Context) {
	if s.recorder != nil {
		s.recorder.Run(ctx)
	}
}

// handler serves /metrics.
func (s *seen) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{}))
	return mux
}
