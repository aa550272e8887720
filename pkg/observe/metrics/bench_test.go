package metrics_test

import (
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/observe"
	"github.com/kindred-k8s/kindred/pkg/observe/metrics"
)

// BenchmarkRenewal is what a renewal costs an owner for its metrics: it happens once
// in a retry period for each kind. The request that it is about takes milliseconds.
func BenchmarkRenewal(b *testing.B) {
	shard := lease.ShardOf(queue)
	m := metrics.New()
	h := observe.Tee(m.Hooks(), &observe.Hooks{})
	h.Call(observe.Started{Component: "op", Shards: map[lease.Shard]lease.Timing{shard: {}}})
	renewed := observe.Renewed{Term: lease.Term{Shard: shard}, Took: time.Millisecond, SafeUntil: time.Now()}
	request := observe.LeaseRequest{Verb: "update", Code: 200}
	b.ReportAllocs()
	for b.Loop() {
		h.Call(request)
		h.Call(renewed)
	}
}
