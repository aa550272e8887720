package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/observe"
)

// Values of the labels result, outcome, phase and after.
const (
	resultSuccess, resultFailure      = "success", "failure"
	resultWon, resultLost             = "won", "lost"
	outcomeRefused, outcomeCancelled  = "refused", "cancelled"
	phaseDrain, phaseRelease          = "drain", "release"
	phaseTakeOver                     = "take_over"
	afterRelease                      = "release"
	afterExpiry, afterDeletion, noone = "expiry", "deletion", ""
)

// replica fills the metrics for one coordinator, from the goroutine of its Run.
type replica struct {
	m         *Metrics
	component string
	failing   map[string]bool // operations
	series    map[lease.Shard]*series
	renewal   prometheus.Observer
}

// series are those of one shard that every renewal touches: looking them up each time
// would cost more than counting.
type series struct{ renewed prometheus.Counter }

func (r *replica) key(shard lease.Shard) shardKey { return shardKey{r.component, shard} }

// started makes the series that should be there before anything happens: a rate has a
// beginning then, and a kind that is missing shows.
func (r *replica) started(e observe.Started) {
	r.component = e.Component
	r.renewal = r.m.renewalDuration.WithLabelValues(r.component)
	r.series = map[lease.Shard]*series{}
	for shard, timing := range e.Shards {
		labels := r.key(shard).labels
		r.m.owned.WithLabelValues(labels()...).Set(0)
		r.m.stuck.WithLabelValues(labels()...).Set(0)
		r.m.terms.WithLabelValues(labels()...)
		r.m.leaseDuration.WithLabelValues(labels()...).Set(timing.LeaseDuration.Seconds())
		r.series[shard] = &series{renewed: r.m.renewals.WithLabelValues(labels(resultSuccess)...)}
		r.m.renewals.WithLabelValues(labels(resultFailure)...)
		for _, outcome := range []string{outcomeRefused, outcomeCancelled} {
			r.m.fenceRefusals.WithLabelValues(labels(outcome)...)
		}
		for _, result := range []string{resultWon, resultLost} {
			r.m.campaigns.WithLabelValues(labels(result)...)
		}
	}
	for _, after := range []string{afterRelease, afterExpiry, afterDeletion} {
		r.m.withoutOwner.WithLabelValues(r.component, after)
	}
	for _, phase := range []string{phaseDrain, phaseRelease, phaseTakeOver} {
		r.m.handover.WithLabelValues(r.component, phase)
	}
	r.m.planDifferences.WithLabelValues(r.component).Set(0)
	r.m.problems.WithLabelValues(r.component).Set(0)
}

// left forgets what nobody tells of any more.
func (r *replica) left(observe.Left) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	for shard := range r.series {
		delete(r.m.moments, r.key(shard))
	}
}

func (r *replica) campaignEnded(e observe.CampaignEnded) {
	result := resultLost
	if e.Won {
		result = resultWon
	}
	r.m.campaigns.WithLabelValues(r.key(e.Shard).labels(result)...).Inc()
}

func (r *replica) elected(e observe.Elected) {
	key := r.key(e.Term.Shard)
	r.m.owned.WithLabelValues(key.labels()...).Set(1)
	r.m.terms.WithLabelValues(key.labels()...).Inc()
	if after := afterOf(e.After); after != noone {
		r.m.withoutOwner.WithLabelValues(r.component, after).Observe(e.Without.Seconds())
	}
	r.m.at(key, func(at *moments) { at.safeUntil = e.SafeUntil })
}

func afterOf(v observe.Vacancy) string {
	switch v {
	case observe.ByRelease:
		return afterRelease
	case observe.ByExpiry:
		return afterExpiry
	case observe.ByDeletion:
		return afterDeletion
	default:
		return noone
	}
}

func (r *replica) reconcilerStarted(e observe.ReconcilerStarted) {
	if e.After == observe.ByRelease {
		r.m.handover.WithLabelValues(r.component, phaseTakeOver).Observe(e.TakeOver.Seconds())
	}
}

func (r *replica) reconcilerReturned(e observe.ReconcilerReturned) {
	r.m.stuck.WithLabelValues(r.key(e.Term.Shard).labels()...).Set(0)
	if !e.Early {
		r.m.handover.WithLabelValues(r.component, phaseDrain).Observe(e.Drain.Seconds())
	}
}

func (r *replica) released(e observe.Released) {
	r.m.handover.WithLabelValues(r.component, phaseRelease).Observe(e.Took.Seconds())
	r.ended(e.Term, e.Reason)
}

func (r *replica) lost(e observe.Lost) { r.ended(e.Term, e.Reason) }

func (r *replica) ended(term lease.Term, reason observe.Reason) {
	key := r.key(term.Shard)
	r.m.owned.WithLabelValues(key.labels()...).Set(0)
	r.m.ends.WithLabelValues(key.labels(reason.Name)...).Inc()
	r.m.at(key, func(at *moments) { at.safeUntil = time.Time{} })
	if r.m.electors != nil {
		r.m.electors.Off(term.Namespace + "/" + term.Lease)
	}
}

func (r *replica) stuck(e observe.Stuck) {
	r.m.stuck.WithLabelValues(r.key(e.Term.Shard).labels()...).Set(1)
}

func (r *replica) renewed(e observe.Renewed) {
	r.renewal.Observe(e.Took.Seconds())
	if s := r.series[e.Term.Shard]; s != nil {
		s.renewed.Inc()
	}
	r.m.at(r.key(e.Term.Shard), func(at *moments) { at.safeUntil = e.SafeUntil })
}

func (r *replica) renewalFailed(e observe.RenewalFailed) {
	r.m.renewals.WithLabelValues(r.key(e.Term.Shard).labels(resultFailure)...).Inc()
}

func (r *replica) fenced(e observe.Fenced) {
	labels := r.key(e.Term.Shard).labels
	r.m.fenceRefusals.WithLabelValues(labels(outcomeRefused)...).Add(float64(e.Refused))
	r.m.fenceRefusals.WithLabelValues(labels(outcomeCancelled)...).Add(float64(e.Cancelled))
}

func (r *replica) vacant(e observe.Vacant) {
	r.m.at(r.key(e.Shard), func(at *moments) { at.known, at.free = true, e.Since })
}

func (r *replica) taken(e observe.Taken) {
	r.m.at(r.key(e.Shard), func(at *moments) { at.known, at.free = true, time.Time{} })
}

func (r *replica) planned(e observe.Planned) {
	r.m.planDifferences.WithLabelValues(r.component).Set(float64(e.Elsewhere))
}

func (r *replica) problemBegan(e observe.ProblemBegan) { r.problem(e.Operation, true) }
func (r *replica) problemEnded(e observe.ProblemEnded) { r.problem(e.Operation, false) }

func (r *replica) problem(operation string, fails bool) {
	if fails {
		r.failing[operation] = true
	} else {
		delete(r.failing, operation)
	}
	r.m.problems.WithLabelValues(r.component).Set(float64(len(r.failing)))
}

func (r *replica) leaseRequest(e observe.LeaseRequest) {
	code := "<error>" // as in client-go's rest_client_requests_total
	if e.Code != 0 {
		code = strconv.Itoa(e.Code)
	}
	r.m.leaseRequests.WithLabelValues(r.component, e.Verb, code).Inc()
}
