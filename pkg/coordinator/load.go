package coordinator

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/kindred-k8s/kindred/pkg/elect"
)

// measureEvery is how often the core is told how busy the kinds were.
const measureEvery = 10 * time.Second

// Busy records that the reconciler of a kind worked for d, which is what the kind
// weighs with Options.LearnWeights. ctx is the one that Run was given, or derived
// from it; with another one nothing is recorded. The adapters call it. It takes some
// nanoseconds, and is safe for concurrent use.
func Busy(ctx context.Context, d time.Duration) {
	if m, ok := ctx.Value(meterKey{}).(*meter); ok {
		m.nanoseconds.Add(int64(d))
	}
}

// meter adds up the time that a kind's reconcilers were busy.
type meter struct{ nanoseconds atomic.Int64 }

type meterKey struct{}

func (m *meter) into(ctx context.Context) context.Context {
	return context.WithValue(ctx, meterKey{}, m)
}

// measure tells the core how busy the kinds are. What it says of a kind that has no
// term here is passed over.
func (c *Coordinator) measure(life context.Context) {
	ticker := time.NewTicker(measureEvery)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-life.Done():
			return
		case <-ticker.C:
		}
		now := time.Now()
		for _, k := range c.kinds {
			busy := time.Duration(k.busy.nanoseconds.Swap(0))
			c.queue.put(elect.Load{Shard: k.shard, Busy: busy, Over: now.Sub(last)})
		}
		last = now
	}
}
