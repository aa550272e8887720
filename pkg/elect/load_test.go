package elect

import (
	"math/rand"
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// owner is a core that owns one shard whose weight it learns.
func owner(t *testing.T) (*Core, *shard, time.Time) {
	t.Helper()
	id := lease.ParseShard("Queue.example.com")
	c := New(Config{
		Identity: "a_1", Component: "op", Timing: lease.Timing{}.WithDefaults(),
		RebalanceDelay: time.Second, DrainTimeout: time.Second,
		Shards: []ShardConfig{{Shard: id, Learn: true}},
	})
	now := time.Unix(1000, 0)
	c.Step(now, Serves{Shard: id, OK: true}, Watched{lease.Event{Kind: lease.Synced}})
	c.Step(now, Published{Phase: lease.Ready, OK: true})
	c.Step(now, Acquired{Term: lease.Term{Shard: id, Holder: "a_1", UID: "u"}, Version: "1", SentAt: now})
	if c.shards[0].phase != Owning {
		t.Fatalf("the shard is %v", c.shards[0].phase)
	}
	return c, c.shards[0], now
}

// feed tells the core about the load of ten seconds, n times.
func feed(c *Core, s *shard, now *time.Time, n int, workers func() float64) (changes int) {
	const over = 10 * time.Second
	for range n {
		*now = now.Add(over)
		before := s.weight
		c.Step(*now, Renewed{Shard: s.id, Version: "", SentAt: *now},
			Load{Shard: s.id, Busy: time.Duration(workers() * float64(over)), Over: over})
		if s.weight != before {
			changes++
		}
	}
	return changes
}

func TestWeightIsLearned(t *testing.T) {
	c, s, now := owner(t)
	if s.weight != baseWeight {
		t.Errorf("at first the weight is %d, want %d", s.weight, baseWeight)
	}
	idle := func() float64 { return 0 }
	if n := feed(c, s, &now, 60, idle); n != 0 {
		t.Errorf("the weight of an idle kind changed %d times", n)
	}
	feed(c, s, &now, 5, func() float64 { return 1 })
	if s.weight > baseWeight+300 {
		t.Errorf("after 50 s of work the weight is %d: that is not smoothed", s.weight)
	}
	feed(c, s, &now, 120, func() float64 { return 1 })
	if s.weight < 700 || s.weight > baseWeight+1000 {
		t.Errorf("after 20 minutes of work the weight is %d, want about 1000", s.weight)
	}
	feed(c, s, &now, 360, idle)
	if s.weight > 2*baseWeight {
		t.Errorf("after an hour of idleness the weight is %d", s.weight)
	}
}

// A load that comes and goes within minutes does not change the weight.
func TestNoiseIsNoChange(t *testing.T) {
	c, s, now := owner(t)
	rnd := rand.New(rand.NewSource(1))
	noisy := func() float64 { return 0.8 * rnd.Float64() } // 0.4 workers on average
	feed(c, s, &now, 60, noisy)
	// The first minute's estimate, which is published, may be put right once.
	if n := feed(c, s, &now, 6*360, noisy); n > 1 {
		t.Errorf("in six hours of noise the weight changed %d times", n)
	}
}

// A replica that takes a shard over begins with the weight that its owner before
// had measured, and so do the others in their plans.
func TestWeightIsHandedOver(t *testing.T) {
	id := lease.ParseShard("Queue.example.com")
	c := New(Config{
		Identity: "a_1", Component: "op", Timing: lease.Timing{}.WithDefaults(),
		Shards: []ShardConfig{{Shard: id, Learn: true}},
	})
	now := time.Unix(1000, 0)
	name, _ := id.Name("op")
	c.Step(now, Watched{lease.Event{Kind: lease.OwnerSeen, Name: name, Version: "1", Record: lease.Record{UID: "u", Version: "1", Holder: "b_1", Duration: 15 * time.Second}}})
	c.Step(now, Watched{lease.Event{Kind: lease.MemberSeen, Name: "op.b-1", Version: "2", Member: lease.MemberObservation{
		Member: lease.Member{Identity: "b_1", Phase: lease.Ready, Capacity: 1, Serves: []lease.Served{{Shard: id.String(), Weight: 700}}},
		Lease:  "op.b-1", UID: "m", Version: "2", Duration: 15 * time.Second,
	}}})
	if c.shards[0].weight != 700 {
		t.Errorf("the weight is %d, want the 700 that the owner has measured", c.shards[0].weight)
	}
}
