package sim

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// object is one state of a Lease. It is never changed.
type object struct {
	name, uid string
	version   int64
	text      string // the version as the API has it
	// labelled says that the Lease has the component's labels, which the watch
	// selects by.
	labelled    bool
	holder      string
	duration    time.Duration
	transitions int
	moves       int
	// acquired, in microseconds, and renewed, in seconds, are of the writer's clock.
	acquired, renewed int64
	// created is when the Lease was made, by the store's clock.
	created time.Duration
	// member is set for a member Lease.
	member *lease.Member
}

func (o *object) record() lease.Record {
	return lease.Record{
		UID: o.uid, Version: o.text, Holder: o.holder,
		Duration: o.duration, Transitions: o.transitions, Moves: o.moves,
	}
}

func (o *object) token() string { return fmt.Sprintf("%s/%d", o.uid, o.transitions) }

func text(version int64) string { return strconv.FormatInt(version, 10) }

// code is how a request ended.
type code int

const (
	ok code = iota
	notFound
	conflict
	exists
	unavailable
	storageFull
	timedOut
	cancelled
	termOver
)

// refused says whether the server has answered that it did not carry out a write,
// as kubelease's function of this name does.
func (c code) refused() bool { return c == conflict || c == exists || c == notFound }

// versionStep leaves versions between two states, which broken variants use.
const versionStep = 10

// change is one entry of the store's history. For a deletion object is the last
// state, at the version of the deletion.
type change struct {
	version int64
	object  *object
	gone    bool // deleted, or not selected by the label any more
	hidden  bool // the watch was not concerned
}

// store is the API server with its etcd: versions, compare-and-swap, history.
type store struct {
	objects map[string]*object
	version int64
	uids    int
	// requests are those that reached it, by verb.
	requests map[string]int64
	history  []change
	// changed is told every change as it happens.
	changed func(old *object, c change)
	// clock is the API server's.
	clock func() time.Duration
}

func newStore(clock func() time.Duration) *store {
	return &store{objects: map[string]*object{}, version: 1000, clock: clock, requests: map[string]int64{}}
}

func (s *store) get(name string) (*object, code) {
	s.requests["get"]++
	if o := s.objects[name]; o != nil {
		return o, ok
	}
	return nil, notFound
}

func (s *store) create(o object) (*object, code) {
	s.requests["create"]++
	if s.objects[o.name] != nil {
		return nil, exists
	}
	s.uids++
	o.uid, o.created = fmt.Sprintf("u%d", s.uids), s.clock()
	return s.put(nil, o), ok
}

// update writes o over the state that it names by uid and version.
func (s *store) update(o object, anyVersion bool) (*object, code) {
	s.requests["update"]++
	old := s.objects[o.name]
	switch {
	case old == nil:
		return nil, notFound
	case old.uid != o.uid:
		return nil, conflict
	case old.version != o.version && !anyVersion:
		return nil, conflict
	}
	return s.put(old, o), ok
}

// put makes o the newest state.
func (s *store) put(old *object, o object) *object {
	s.version += versionStep
	o.version, o.text = s.version, text(s.version)
	s.objects[o.name] = &o
	c := change{version: o.version, object: &o, hidden: !o.labelled}
	if !o.labelled && old != nil && old.labelled {
		c.gone, c.hidden = true, false
	}
	s.history = append(s.history, c)
	s.changed(old, c)
	return &o
}

// remove deletes a Lease, if it still has the uid and the version, where given.
func (s *store) remove(name, uid string, version int64) code {
	s.requests["delete"]++
	old := s.objects[name]
	switch {
	case old == nil:
		return notFound
	case uid != "" && old.uid != uid, version != 0 && old.version != version:
		return conflict
	}
	delete(s.objects, name)
	s.version += versionStep
	last := *old
	last.version, last.text = s.version, text(s.version)
	c := change{version: s.version, object: &last, gone: true, hidden: !old.labelled}
	s.history = append(s.history, c)
	s.changed(old, c)
	return ok
}

// list returns what the selector finds at a version, by name.
func (s *store) list(version int64) []*object {
	state := map[string]*object{}
	if version >= s.version {
		for name, o := range s.objects {
			if o.labelled {
				state[name] = o
			}
		}
		return sorted(state)
	}
	for _, c := range s.history {
		if c.version > version {
			break
		}
		if c.hidden {
			continue
		}
		if c.gone {
			delete(state, c.object.name)
			continue
		}
		state[c.object.name] = c.object
	}
	return sorted(state)
}

func sorted(state map[string]*object) []*object {
	all := make([]*object, 0, len(state))
	for _, name := range slices.Sorted(maps.Keys(state)) {
		all = append(all, state[name])
	}
	return all
}

// since returns the changes after a version.
func (s *store) since(version int64) []change {
	i, _ := slices.BinarySearchFunc(s.history, version+1, func(c change, v int64) int {
		return int(c.version - v)
	})
	return s.history[i:]
}
