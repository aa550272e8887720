package elect

import (
	"cmp"
	"slices"
	"time"

	"github.com/kindred-k8s/kindred/pkg/assign"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Core is one replica's state machine. It is not safe for concurrent use: one
// goroutine owns it.
type Core struct {
	config Config

	// shards are what this replica has reconcilers for, in the order of their
	// Lease names; the maps find them, by Lease name and by key too. learns says that
	// the weight of one is measured.
	shards  []*shard
	byShard map[lease.Shard]*shard
	byLease map[string]*shard
	byKey   map[string]*shard
	learns  bool
	// lists are what members serve, each once; planned are the keys of the shards in
	// the last plan, sorted.
	lists   []*list
	planned []string

	// leases are the ownership Leases of the component, also of shards that this
	// replica does not serve, by Lease name. A Lease that is not in it does not
	// exist, as far as is known.
	leases map[string]*lease.Observation
	// ghosts are the last states of Leases that were deleted while somebody held
	// them. The holder may be at work until it learns of the deletion, so to all
	// but the holder such a Lease is as good as held until its time runs out.
	ghosts map[string]*lease.Observation
	// deleted are the versions at which the ownership Leases of this replica's kinds,
	// in any layout, were last deleted. An answer that is older tells nothing.
	deleted map[string]string
	// members are the member Leases, this replica's own among them, by Lease name.
	members map[string]*lease.MemberObservation
	self    presence

	synced   bool
	closing  bool
	closedAt time.Time // when the replica was told to leave
	deposed  bool      // it was told to stop working now
	finished bool

	suspected suspected

	// pods are what is known of Pods, by UID; ended are the identities of processes
	// that are known to run no more (ended.go).
	pods  map[string]lease.Pod
	ended map[string]bool
	// reckon asks for a look at who has ended.
	reckon bool
	// crashes and joined are what earlier processes of the container have left; until distrusted it is given nothing. syncedAt is when it first
	// saw the Leases.
	crashes    int
	joined     int64
	distrusted time.Time
	syncedAt   time.Time
	// rolling says that a rollout is going on, rolledAt when it last was (rollout.go).
	rolling    bool
	rolledAt   time.Time
	rolledOver time.Time // when it will be over if nobody comes or goes

	// plan is who should own what, made at plannedAt; planStale says that something
	// it depends on may have changed, judgeAt when the passing of time alone may
	// change it. carried says what it was made of (carried.go).
	plan      assign.Result
	plannedAt time.Time
	planStale bool
	judgeAt   time.Time
	carried   carried
	// steadySince is when the set of live members last changed.
	steadySince time.Time
	membership  []presentMember
	// leaseNames caches what the Leases of all shards ever seen in the plan are called,
	// by key; shardKeys is the way back.
	leaseNames map[string]shardName
	shardKeys  map[string]string

	// buckets are the names of all Leases of buckets ever seen, by kind; layouts is how
	// each kind that is or was split is to be split, servedLayouts what anybody serves.
	// Kinds go by the name of the Lease of the whole kind (layout.go).
	buckets       map[string]map[string]bool
	layouts       map[string]int
	servedLayouts map[layout]bool
	evictions     map[string]eviction

	collected map[string]time.Time

	now     time.Time
	wake    time.Time
	actions []Action
}

// New returns a core that has seen nothing yet. Until it has been given a
// Synced watch event and the answer to its first Publish it campaigns for
// nothing.
func New(config Config) *Core {
	c := &Core{
		config:    config,
		byShard:   map[lease.Shard]*shard{},
		byLease:   map[string]*shard{},
		byKey:     map[string]*shard{},
		leases:    map[string]*lease.Observation{},
		ghosts:    map[string]*lease.Observation{},
		deleted:   map[string]string{},
		pods:      map[string]lease.Pod{},
		ended:     map[string]bool{},
		suspected: suspected{},
		members:   map[string]*lease.MemberObservation{},
		collected: map[string]time.Time{},

		leaseNames: map[string]shardName{},
		shardKeys:  map[string]string{},
		buckets:    map[string]map[string]bool{},
		evictions:  map[string]eviction{},
		planStale:  true,
	}
	for _, s := range config.Shards {
		sh := &shard{ // its name was validated by the caller
			id: s.Shard, key: s.Shard.String(), shardName: nameOf(s.Shard, config.Component, s.Lease), given: s.Lease, weight: max(s.Weight, 1), learn: s.Learn, group: s.Group,
			timing: s.Timing,
		}
		if sh.learn && s.Weight == 0 {
			sh.weight = baseWeight
		}
		if sh.timing == (lease.Timing{}) {
			sh.timing = config.Timing
		}
		c.shards = append(c.shards, sh)
		c.byShard[s.Shard], c.byLease[sh.lease], c.byKey[sh.key] = sh, sh, sh
		c.leaseNames[sh.key], c.shardKeys[sh.lease] = sh.shardName, sh.key
		c.learns = c.learns || sh.learn
	}
	slices.SortFunc(c.shards, func(a, b *shard) int { return cmp.Compare(a.lease, b.lease) })
	return c
}

// Step takes what has happened, in order, at the local time now, which must not be
// before that of the step before, and returns what to do, in order. The caller
// starts all of it without waiting for the answers. Giving it all events that
// wait costs one look at the plan instead of one for each.
func (c *Core) Step(now time.Time, events ...Event) []Action {
	wake := c.wake
	c.now, c.actions, c.wake = now, nil, time.Time{}
	if c.finished {
		return nil
	}
	news := len(events) == 0
	for _, event := range events {
		if !c.renews(event) {
			news = true
			c.apply(event)
		}
	}
	if !news && !c.planStale && now.Before(wake) {
		c.wake = wake // perhaps earlier than need be: those who live on live longer
		return nil
	}
	if c.reckon {
		c.reckonEnded()
	}
	c.judge()
	for again := true; again; again = c.planStale {
		if c.planStale {
			c.replan()
		}
		c.advanceAll()
	}
	if c.finish(); !c.finished {
		c.publish()
		c.collect()
	}
	return c.actions
}

// Next returns when Step wants a Tick at the latest; zero for never.
func (c *Core) Next() time.Time {
	if c.finished {
		return time.Time{}
	}
	return c.wake
}

func (c *Core) advanceAll() {
	for _, s := range c.shards {
		c.advance(s)
	}
}

func (c *Core) apply(event Event) {
	switch e := event.(type) {
	case Watched:
		c.watched(e.Event)
	case Published:
		c.published(e)
	case Shutdown:
		c.shutdown(e)
	case PodSeen:
		c.podSeen(e.Pod)
	case Load:
		c.withShard(e.Shard, func(s *shard) { c.load(s, e) })
	case Tick:
	case Serves:
		c.withShard(e.Shard, func(s *shard) { c.serves(s, e.OK) })
	case Acquired:
		c.withShard(e.Term.Shard, func(s *shard) { c.acquired(s, e) })
	case Checked:
		c.withShard(e.Shard, func(s *shard) { c.checked(s, e) })
	case Renewed:
		c.withShard(e.Shard, func(s *shard) { c.renewed(s, e) })
	case LockLost:
		c.withShard(e.Shard, func(s *shard) { c.lockLost(s, e.Reason) })
	case ElectorEnded:
		c.withShard(e.Shard, func(s *shard) { c.electorEnded(s, e) })
	case Returned:
		c.withShard(e.Shard, c.returned)
	case Released:
		c.withShard(e.Shard, func(s *shard) { c.released(s, e) })
	}
}

func (c *Core) withShard(id lease.Shard, do func(*shard)) {
	if s := c.byShard[id]; s != nil {
		do(s)
	}
}

func (c *Core) do(a Action) { c.actions = append(c.actions, a) }

// wakeAt asks for a Tick at t, or earlier.
func (c *Core) wakeAt(t time.Time) {
	if c.wake.IsZero() || t.Before(c.wake) {
		c.wake = t
	}
}

// due says whether t has come, and asks for a Tick at t when it has not.
func (c *Core) due(t time.Time) bool {
	if !c.now.Before(t) {
		return true
	}
	c.wakeAt(t)
	return false
}

func (c *Core) shutdown(e Shutdown) {
	c.deposed = c.deposed || e.Now
	if c.closing {
		return
	}
	c.closing, c.closedAt = true, c.now
	c.planStale = true
}

// finish ends the core once a leaving replica has nothing running any more. A
// stuck reconciler is not waited for: the policy has been carried out, and the
// user chose one that goes on.
func (c *Core) finish() {
	if !c.closing {
		return
	}
	var abandoned []lease.Shard
	for _, s := range c.shards {
		switch {
		case s.phase == Standby && !s.releasing && !c.owesRelease(s) && !c.awaitsAnswer(s):
		case s.stuck && !s.electorUp:
			abandoned = append(abandoned, s.id)
		default:
			return
		}
	}
	if c.self.writing {
		return
	}
	c.finished = true
	c.do(Finish{Abandoned: abandoned})
}
