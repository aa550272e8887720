package coordinator

import (
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/observe"
)

// BenchmarkRenewal is what a renewal costs an owner from the queue to its hooks, for
// nobody and for somebody who counts. Each kind has one in a retry period.
func BenchmarkRenewal(b *testing.B) {
	for name, hooks := range map[string]*observe.Hooks{"nobody": nil, "somebody": {Renewed: func(observe.Renewed) {}}} {
		b.Run(name, func(b *testing.B) {
			shard := lease.Shard{}
			c := &Coordinator{options: Options{Observer: hooks}.withDefaults(), kinds: map[lease.Shard]*kind{}}
			c.kinds[shard] = &kind{c: c, shard: shard, timing: c.options.Timing}
			c.queue.init()
			c.observer = newObserver(c)
			now := time.Now()
			c.observer.heard(elect.Acquired{Term: lease.Term{Shard: shard, Holder: "a"}, Version: "1", SentAt: now}, now)
			b.ReportAllocs()
			for b.Loop() {
				c.queue.put(elect.Renewed{Shard: shard, Version: "2", SentAt: now})
				c.take()
			}
		})
	}
}
