package elect

import (
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// A shard whose Lease was given a name is planned by that Lease, also by a replica that
// does not serve it and learns the name from those who do.
func TestGivenLeaseName(t *testing.T) {
	const given = "controller.some.queue.00-of-01"
	topic, queue := lease.ParseShard("Topic.example.com"), lease.ParseShard("Queue.example.com")
	for name, shards := range map[string][]ShardConfig{
		"serves it":         {{Shard: queue, Weight: 1}, {Shard: topic, Weight: 1, Lease: given}},
		"does not serve it": {{Shard: queue, Weight: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			c := New(Config{Identity: "a_1", Component: "op", Timing: lease.Timing{}.WithDefaults(), Shards: shards})
			serves := []lease.Served{{Shard: topic.String(), Weight: 1, Lease: given}}
			c.Step(time.Unix(1000, 0),
				Watched{lease.Event{Kind: lease.OwnerSeen, Name: given, Version: "1", Record: lease.Record{UID: "u", Version: "1", Holder: "b_1", Duration: 15 * time.Second}}},
				Watched{lease.Event{Kind: lease.MemberSeen, Name: "op.b-1", Version: "2", Member: lease.MemberObservation{
					Member: lease.Member{Identity: "b_1", Phase: lease.Ready, Capacity: 1, Serves: serves},
					Lease:  "op.b-1", UID: "m", Version: "2", Duration: 15 * time.Second,
				}}})
			for _, s := range c.planShards(c.present()) {
				if want := map[string]string{topic.String(): "b_1"}[s.Name]; s.Owner != want {
					t.Errorf("%s is planned as owned by %q, want %q", s.Name, s.Owner, want)
				}
			}
			if s := c.byShard[topic]; s != nil {
				c.Step(c.now, Serves{Shard: topic, OK: true})
				if s.lease != given || c.member().Serves[0] != serves[0] {
					t.Errorf("its Lease is %q, and the replica says that it serves %+v", s.lease, c.member().Serves)
				}
			}
		})
	}
}
