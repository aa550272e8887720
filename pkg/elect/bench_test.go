package elect

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// fleetOfBench is a core among others that own their share of the shards, with all
// that it has been told.
type fleetOfBench struct {
	core    *Core
	now     time.Time
	version int
	shards  []ShardConfig
	members []lease.Member
}

func (f *fleetOfBench) next() string { f.version++; return strconv.Itoa(f.version) }

func newFleetOfBench(b *testing.B, shards, replicas int) *fleetOfBench {
	b.Helper()
	f := &fleetOfBench{now: time.Unix(1000, 0)}
	var served []lease.Served
	for i := range shards {
		id := lease.ParseShard(fmt.Sprintf("Kind%04d.example.com", i))
		f.shards = append(f.shards, ShardConfig{Shard: id})
		served = append(served, lease.Served{Shard: id.String(), Weight: 1})
	}
	for i := range replicas {
		f.members = append(f.members, lease.Member{Identity: fmt.Sprintf("op-%04d_1", i), Phase: lease.Ready, Capacity: 1, Serves: served})
	}
	f.core = New(Config{
		Identity: f.members[0].Identity, Component: "op", Timing: lease.Timing{}.WithDefaults(),
		RebalanceDelay: 3 * time.Second, DrainTimeout: 20 * time.Second, Shards: f.shards,
	})
	var told []Event
	for _, s := range f.shards {
		told = append(told, Serves{Shard: s.Shard, OK: true})
	}
	for i := range f.members {
		told = append(told, f.heartbeat(i))
	}
	for i := range f.shards {
		if i%replicas != 0 {
			told = append(told, f.renewal(i))
		}
	}
	f.core.Step(f.now, append(told, Watched{lease.Event{Kind: lease.Synced}})...)
	for _, action := range f.core.Step(f.now, Published{Phase: lease.Ready, OK: true}) {
		if a, ok := action.(StartCampaign); ok {
			term := lease.Term{Shard: a.Shard, Holder: f.members[0].Identity, UID: a.Shard.String()}
			f.core.Step(f.now, Acquired{Term: term, Version: f.next(), SentAt: f.now})
		}
	}
	if want := (shards + replicas - 1) / replicas; f.core.Owned() != want {
		b.Fatalf("the core owns %d shards, want %d", f.core.Owned(), want)
	}
	return f
}

// heartbeat is what the watch tells of a member.
func (f *fleetOfBench) heartbeat(i int) Event {
	version, name := f.next(), fmt.Sprintf("op.op-%04d-1", i)
	return Watched{lease.Event{Kind: lease.MemberSeen, Name: name, Version: version, Member: lease.MemberObservation{
		Member: f.members[i], Lease: name, UID: name, Version: version, Duration: 15 * time.Second,
	}}}
}

// renewal is what the watch tells of an ownership Lease.
func (f *fleetOfBench) renewal(i int) Event {
	name, err := f.shards[i].Shard.Name("op")
	if err != nil {
		panic(err)
	}
	version := f.next()
	return Watched{lease.Event{Kind: lease.OwnerSeen, Name: name, Version: version, Record: lease.Record{
		UID: f.shards[i].Shard.String(), Version: version, Holder: f.members[i%len(f.members)].Identity, Duration: 15 * time.Second,
	}}}
}

// BenchmarkIdle is what each replica pays for what the others do while nothing
// happens: a renewal of a Lease, and a heartbeat of a member.
func BenchmarkIdle(b *testing.B) {
	for _, size := range []struct{ shards, replicas int }{{5, 5}, {50, 20}, {200, 20}, {1000, 100}} {
		f := newFleetOfBench(b, size.shards, size.replicas)
		for name, event := range map[string]func(int) Event{
			"renewal":   func(i int) Event { return f.renewal(1 + i%(size.replicas-1)) }, // of another
			"heartbeat": func(i int) Event { return f.heartbeat(1 + i%(size.replicas-1)) },
		} {
			b.Run(fmt.Sprintf("%dx%d/%s", size.shards, size.replicas, name), func(b *testing.B) {
				b.ReportAllocs()
				events := 0
				for b.Loop() {
					events++
					if actions := f.core.Step(f.now, event(events)); len(actions) > 1 {
						b.Fatalf("an idle core does something: %v", actions)
					}
				}
			})
		}
	}
}
