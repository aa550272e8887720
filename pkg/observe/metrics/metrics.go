package metrics

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/observe"
)

// Labels of what is about one shard, and of what is about a replica. bucket is empty
// for a kind that is not split.
var (
	shardLabels   = []string{"component", "kind", "bucket"}
	replicaLabels = []string{"component"}
)

// Buckets of the histograms. A handover takes milliseconds, a crash the duration of a
// Lease, and a drain as long as the reconciler needs.
var (
	handoverBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15, 20, 30, 60, 120}
	requestBuckets  = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
)

// Metrics is a prometheus.Collector for the replicas of this process, of which there
// is one as a rule. Make it with New. It is safe for concurrent use.
type Metrics struct {
	vectors []prometheus.Collector

	owned, leaseDuration, stuck                     *prometheus.GaugeVec
	terms, ends, campaigns, renewals, fenceRefusals *prometheus.CounterVec
	withoutOwner, handover, renewalDuration         *prometheus.HistogramVec
	planDifferences, problems                       *prometheus.GaugeVec
	leaseRequests                                   *prometheus.CounterVec

	electors *electors // nil without RegisterElectors

	// What follows is counted from a moment, when it is collected.

	unowned, margin *prometheus.Desc
	mu              sync.Mutex
	moments         map[shardKey]*moments
}

type shardKey struct {
	component string
	shard     lease.Shard
}

// moments are those of one shard.
type moments struct {
	known     bool      // whether anything was seen of its Lease
	free      time.Time // since when it has no owner; zero while it has one
	safeUntil time.Time // of this replica's term; zero without one
}

// New returns metrics that nobody has registered yet.
func New() *Metrics {
	m := &Metrics{moments: map[shardKey]*moments{}}
	m.owned = m.gauge("owned", "Whether this replica has a term of the kind: 1 or 0.", shardLabels)
	m.unowned = prometheus.NewDesc("kindred_unowned_seconds", "For how long nobody has owned the kind, as far as this replica has seen; 0 while somebody does.", shardLabels, nil)
	m.withoutOwner = m.histogram("without_owner_seconds", "How long kinds had no owner before this replica was elected, by how they had come to have none.", handoverBuckets, replicaLabels, "after")
	m.handover = m.histogram("handover_seconds", "How long the parts of a handover took: drain and release at the old owner, take_over at the new one.", handoverBuckets, replicaLabels, "phase")
	m.terms = m.counter("terms_total", "Terms that this replica was elected for.", shardLabels)
	m.ends = m.counter("term_ends_total", "Terms of this replica that are over, by the reason.", shardLabels, "reason")
	m.stuck = m.gauge("stuck_reconcilers", "Whether the kind's reconciler still runs although its term is over: 1 or 0.", shardLabels)
	m.margin = prometheus.NewDesc("kindred_safe_until_margin_seconds", "For how long this replica may still act as the owner if no renewal succeeds from now on; negative when it may not.", shardLabels, nil)
	m.leaseDuration = m.gauge("lease_duration_seconds", "The duration of the kind's Lease, as configured.", shardLabels)
	m.renewals = m.counter("renewals_total", "Renewals of the kind's Lease by this replica.", shardLabels, "result")
	m.renewalDuration = m.histogram("renewal_duration_seconds", "How long successful renewals took.", requestBuckets, replicaLabels)
	m.campaigns = m.counter("campaigns_total", "Runs of a LeaderElector for the kind's free Lease that have ended, won or not.", shardLabels, "result")
	m.fenceRefusals = m.counter("fence_refusals_total", "Writes of terms that were over: refused before they were sent, or cancelled on their way.", shardLabels, "outcome")
	m.planDifferences = m.gauge("plan_differences", "Kinds that have an owner and that the plan of this replica gives to another one.", replicaLabels)
	m.problems = m.gauge("problems", "Operations that fail now and are tried again; the log names them.", replicaLabels)
	m.leaseRequests = m.counter("lease_requests_total", "Requests for Leases by this replica, by verb and HTTP status; the status is <error> when no answer came.", replicaLabels, "verb", "code")
	return m
}

func (m *Metrics) gauge(name, help string, labels []string) *prometheus.GaugeVec {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "kindred", Name: name, Help: help}, labels)
	m.vectors = append(m.vectors, v)
	return v
}

func (m *Metrics) counter(name, help string, labels []string, more ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "kindred", Name: name, Help: help}, with(labels, more...))
	m.vectors = append(m.vectors, v)
	return v
}

func (m *Metrics) histogram(name, help string, buckets []float64, labels []string, more ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "kindred", Name: name, Help: help, Buckets: buckets}, with(labels, more...))
	m.vectors = append(m.vectors, v)
	return v
}

// with returns a new slice: labels are shared.
func with(labels []string, more ...string) []string {
	return append(append([]string(nil), labels...), more...)
}

var _ prometheus.Collector = (*Metrics)(nil)

// Describe is for the registry.
func (m *Metrics) Describe(descriptions chan<- *prometheus.Desc) {
	for _, v := range m.vectors {
		v.Describe(descriptions)
	}
	descriptions <- m.unowned
	descriptions <- m.margin
}

// Collect is for the registry.
func (m *Metrics) Collect(found chan<- prometheus.Metric) {
	for _, v := range m.vectors {
		v.Collect(found)
	}
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, at := range m.moments {
		labels := key.labels()
		if at.known {
			unowned := 0.0
			if !at.free.IsZero() {
				unowned = now.Sub(at.free).Seconds()
			}
			found <- prometheus.MustNewConstMetric(m.unowned, prometheus.GaugeValue, unowned, labels...)
		}
		if !at.safeUntil.IsZero() {
			found <- prometheus.MustNewConstMetric(m.margin, prometheus.GaugeValue, at.safeUntil.Sub(now).Seconds(), labels...)
		}
	}
}

// labels returns the values of shardLabels, and then more.
func (k shardKey) labels(more ...string) []string {
	return append([]string{k.component, k.shard.Kind.String(), k.shard.Part()}, more...)
}

// at changes the moments of a shard.
func (m *Metrics) at(key shardKey, change func(*moments)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.moments[key] == nil {
		m.moments[key] = &moments{}
	}
	change(m.moments[key])
}

// Hooks returns what fills the metrics from one replica. Give it to one coordinator.
func (m *Metrics) Hooks() *observe.Hooks {
	r := &replica{m: m, failing: map[string]bool{}}
	return &observe.Hooks{
		Started: r.started, Left: r.left,
		CampaignEnded: r.campaignEnded,
		Elected:       r.elected, ReconcilerStarted: r.reconcilerStarted, ReconcilerReturned: r.reconcilerReturned,
		Released: r.released, Lost: r.lost, Stuck: r.stuck,
		Renewed: r.renewed, RenewalFailed: r.renewalFailed, Fenced: r.fenced,
		Vacant: r.vacant, Taken: r.taken, Planned: r.planned,
		ProblemBegan: r.problemBegan, ProblemEnded: r.problemEnded, LeaseRequest: r.leaseRequest,
	}
}
