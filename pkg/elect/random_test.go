package elect

import (
	"fmt"
	"math"
	"math/rand"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// TestRandomLife gives a core any events in any order that its contract allows,
// and any Leases, and checks its side of the contract after each (watchdog), that
// it asks for every Tick in the future, and that it always comes to an end after
// Shutdown.
func TestRandomLife(t *testing.T) { rapid.Check(t, randomLife) }

// FuzzRandomLife is TestRandomLife with lives that are looked for.
func FuzzRandomLife(f *testing.F) {
	for seed := range int64(8) {
		bits := make([]byte, 128<<10)
		rand.New(rand.NewSource(seed)).Read(bits)
		f.Add(bits)
	}
	f.Fuzz(rapid.MakeFuzz(randomLife))
}

func randomLife(t *rapid.T) {
	w := newWorld(t)
	for range rapid.IntRange(1, 120).Draw(t, "steps") {
		w.advance(time.Duration(rapid.IntRange(0, 4000).Draw(t, "ms")) * time.Millisecond)
		w.step(w.choose())
	}
	w.step(Shutdown{})
	for range 1000 {
		if w.dog.finished {
			return
		}
		w.advance(time.Second)
		w.settle()
	}
	t.Fatalf("not finished after Shutdown and every answer: %s", w.core.phases())
}

// world answers a core's actions as the shell and the API server might.
type world struct {
	t       *rapid.T
	core    *Core
	dog     *watchdog
	now     time.Time
	version int
	won     map[lease.Shard]*lease.Term // the term of the elector that is up
	written map[lease.Shard]string      // the version that the write under way makes; the watch may be faster
}

func newWorld(t *rapid.T) *world {
	config := Config{
		Identity: "a_1", Component: "op", Timing: lease.Timing{}.WithDefaults(),
		RebalanceDelay: 3 * time.Second, DrainTimeout: 20 * time.Second,
	}
	for _, kind := range []string{"Database/0-of-2", "Database/1-of-2", "Queue"} {
		config.Shards = append(config.Shards, ShardConfig{Shard: shardNamed(kind), Weight: 1})
	}
	config.Shards[2].Timing = lease.Timing{LeaseDuration: 5 * time.Second, RenewDeadline: 3 * time.Second, RetryPeriod: time.Second}
	return &world{t: t, core: New(config), dog: newWatchdog(), now: time.Unix(1000, 0), won: map[lease.Shard]*lease.Term{}, written: map[lease.Shard]string{}}
}

func (w *world) advance(d time.Duration) { w.now = w.now.Add(d) }

func (w *world) next() string { w.version++; return fmt.Sprint(w.version) }

func (w *world) step(e Event) {
	if won, ok := e.(Acquired); ok {
		w.won[won.Term.Shard] = &won.Term
	}
	actions := w.core.Step(w.now, e)
	if err := w.dog.saw(e, actions); err != nil {
		w.t.Fatalf("after %#v: %v", e, err)
	}
	if next := w.core.Next(); !next.IsZero() && !next.After(w.now) {
		w.t.Fatalf("asks for a Tick at %v, which is not after now, %v", next, w.now)
	}
	for _, a := range actions {
		switch a := a.(type) {
		case StartCampaign:
			w.won[a.Shard], w.written[a.Shard] = nil, w.next()
		case Release:
			w.written[a.Term.Shard] = w.next()
		}
	}
}

// choose draws an event that may happen now.
func (w *world) choose() Event {
	events := []Event{
		Tick{},
		Watched{lease.Event{Kind: lease.Synced}},
		w.memberEvent(),
	}
	for _, s := range w.core.shards {
		events = append(events, w.leaseEvent(s), Serves{Shard: s.id, OK: rapid.Bool().Draw(w.t, "ok")})
		events = append(events, w.answers(s.id)...)
	}
	if w.dog.publishing {
		events = append(events, Published{Phase: w.core.self.sentMember.Phase, OK: rapid.Bool().Draw(w.t, "ok")})
	}
	return rapid.SampledFrom(events).Draw(w.t, "event")
}

// answers are the events that the actions under way for a shard may lead to.
func (w *world) answers(id lease.Shard) []Event {
	var events []Event
	if w.dog.elector[id] {
		events = append(events, ElectorEnded{Shard: id, Unanswered: w.won[id] == nil && rapid.Bool().Draw(w.t, "unanswered")})
		if term := w.won[id]; term == nil {
			events = append(events, w.win(id))
		} else {
			events = append(events, Renewed{Shard: id, Version: w.next(), SentAt: w.now}, LockLost{Shard: id, Reason: HolderChanged})
		}
	}
	if check, asked := w.dog.asked[id]; asked {
		events = append(events, w.checked(check))
	}
	if w.dog.reconciler[id] {
		events = append(events, Returned{Shard: id})
	}
	if w.dog.releasing[id] {
		events = append(events, Released{Shard: id}, Released{Shard: id, OK: true, Now: &lease.Record{UID: "u", Version: w.answered(id)}})
	}
	return events
}

// win is the elector's first successful write.
func (w *world) win(id lease.Shard) Event {
	name, _ := id.Name("op")
	term := lease.Term{Shard: id, Lease: name, Holder: "a_1", UID: "u", Transitions: w.version}
	return Acquired{Term: term, Version: w.answered(id), SentAt: w.now, Split: rapid.Bool().Draw(w.t, "split")}
}

// answered is the version that a write was answered with: made when it was sent, or now.
func (w *world) answered(id lease.Shard) string {
	if rapid.Bool().Draw(w.t, "made at once") {
		return w.written[id]
	}
	return w.next()
}

// checked is an answer to Check: mostly a good one.
func (w *world) checked(check Check) Event {
	term := check.Term
	e := Checked{Shard: term.Shard, Term: term, Number: check.Number, OK: rapid.IntRange(0, 4).Draw(w.t, "checked") > 0, Leases: map[string]lease.Record{}}
	e.Leases[term.Lease] = lease.Record{UID: term.UID, Version: w.next(), Holder: term.Holder, Transitions: term.Transitions, Duration: 15 * time.Second}
	kind, _, _ := lease.SplitName(term.Lease)
	for _, name := range []string{kind, kind + ".01-of-03"} {
		if name != term.Lease && rapid.Bool().Draw(w.t, "other layout") {
			holder := rapid.SampledFrom([]string{"", "", "", "a_1", "b_1"}).Draw(w.t, "its holder")
			e.Leases[name] = lease.Record{UID: "o", Version: w.next(), Holder: holder, Duration: w.duration()}
		}
	}
	return e
}

// otherLayouts are Leases of a kind that the core splits in another way.
var otherLayouts = []string{"op.database.example.com", "op.database.example.com.01-of-03"}

// duration is what Leases say, with what only hands write.
func (w *world) duration() time.Duration {
	return rapid.SampledFrom([]time.Duration{
		15 * time.Second, 15 * time.Second, 0, -time.Second, time.Second, math.MaxInt32 * time.Second, math.MinInt32 * time.Second,
	}).Draw(w.t, "duration")
}

func (w *world) leaseEvent(s *shard) Event {
	name := rapid.SampledFrom(append([]string{s.lease, s.lease, s.lease, s.lease, "op.unknown.example.com"}, otherLayouts...)).Draw(w.t, "lease")
	if rapid.IntRange(0, 9).Draw(w.t, "gone") == 0 {
		return Watched{lease.Event{Kind: lease.Gone, Name: name, Version: w.next(), Listed: rapid.Bool().Draw(w.t, "listed")}}
	}
	record := lease.Record{
		Version: w.next(), Duration: w.duration(),
		UID:         rapid.SampledFrom([]string{"u", "u", "v"}).Draw(w.t, "uid"),
		Holder:      rapid.SampledFrom([]string{"", "a_1", "b_1", "c_1"}).Draw(w.t, "holder"),
		Transitions: rapid.SampledFrom([]int{0, s.term.Transitions, -1, math.MaxInt32}).Draw(w.t, "transitions"),
	}
	record.MoveTo = rapid.SampledFrom([]string{"", "", "a", "b", "c_1"}).Draw(w.t, "move to")
	record.Paused = rapid.Bool().Draw(w.t, "paused")
	return Watched{lease.Event{Kind: lease.OwnerSeen, Name: name, Version: record.Version, Record: record}}
}

func (w *world) memberEvent() Event {
	name := rapid.SampledFrom([]string{"op.b-1", "op.c-1", "op.a-1"}).Draw(w.t, "member")
	if rapid.IntRange(0, 9).Draw(w.t, "member gone") == 0 {
		return Watched{lease.Event{Kind: lease.Gone, Name: name, Version: w.next()}}
	}
	number := rapid.SampledFrom([]int64{1, 1, 0, -1, math.MaxInt64, math.MinInt64})
	m := lease.Member{
		Identity: strings.ReplaceAll(strings.TrimPrefix(name, "op."), "-", "_"),
		Capacity: number.Draw(w.t, "capacity"),
		Phase:    rapid.SampledFrom([]lease.Phase{lease.Ready, lease.Draining, lease.Starting}).Draw(w.t, "phase"),
	}
	for _, s := range w.core.shards {
		m.Serves = append(m.Serves, lease.Served{Shard: s.key, Weight: number.Draw(w.t, "weight")})
	}
	m.Serves = append(m.Serves, lease.Served{Shard: rapid.SampledFrom([]string{"", "..", "Other.example.com", "Database.example.com", "Database.example.com/1-of-3"}).Draw(w.t, "shard"), Weight: 1})
	version := w.next()
	return Watched{lease.Event{Kind: lease.MemberSeen, Name: name, Version: version,
		Member: lease.MemberObservation{Member: m, Lease: name, Version: version, Duration: w.duration()}}}
}

// settle gives every action under way its good answer.
func (w *world) settle() {
	w.step(Tick{})
	if w.dog.publishing {
		w.step(Published{Phase: w.core.self.sentMember.Phase, OK: true})
	}
	for _, s := range w.core.shards {
		if w.dog.reconciler[s.id] {
			w.step(Returned{Shard: s.id})
		}
		if w.dog.elector[s.id] {
			w.step(ElectorEnded{Shard: s.id})
		}
		if w.dog.releasing[s.id] {
			w.step(Released{Shard: s.id, OK: true, Now: &lease.Record{UID: "u", Version: w.next()}})
		}
	}
}
