package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/tools/leaderelection"
)

// RegisterElectors registers client-go's own leader election metrics, under the names
// that Kubernetes' components give them, and makes client-go fill them. The name in
// them is the Lease's, as namespace/name, so there is one series for each kind.
//
// client-go has one such place in a process and keeps the first that it is given
// (leaderelection.SetProvider). Call it once, before the first Coordinator runs; in a
// program that imports controller-runtime, which fills the place by itself, it would
// register metrics that stay empty.
//
// client-go leaves the status of an elector that was stopped at 1. The hooks of m set
// it to 0 when the term is over.
func (m *Metrics) RegisterElectors(registry prometheus.Registerer) error {
	e := &electors{
		status:   prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "leader_election_master_status", Help: "Whether this process leads the Lease: 1 or 0."}, []string{"name"}),
		slowPath: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "leader_election_slowpath_total", Help: "How often a renewal or an acquisition had to read the Lease first."}, []string{"name"}),
	}
	if err := registry.Register(e.status); err != nil {
		return err
	}
	if err := registry.Register(e.slowPath); err != nil {
		registry.Unregister(e.status)
		return err
	}
	leaderelection.SetProvider(e)
	m.electors = e
	return nil
}

type electors struct {
	status   *prometheus.GaugeVec
	slowPath *prometheus.CounterVec
}

// NewLeaderMetric is called by client-go for each elector.
func (e *electors) NewLeaderMetric() leaderelection.LeaderMetric { return e }

func (e *electors) On(name string)                { e.status.WithLabelValues(name).Set(1) }
func (e *electors) Off(name string)               { e.status.WithLabelValues(name).Set(0) }
func (e *electors) SlowpathExercised(name string) { e.slowPath.WithLabelValues(name).Inc() }
