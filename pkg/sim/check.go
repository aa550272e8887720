package sim

import (
	"fmt"
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Violation is a broken invariant.
type Violation struct {
	Seed uint64
	// Rule is the invariant, such as I1.
	Rule string
	At   time.Duration
	Text string
}

func (v *Violation) Error() string {
	return fmt.Sprintf("seed %d, virtual time %v: %s: %s", v.Seed, v.At, v.Rule, v.Text)
}

// fail records the first violation, which ends the run.
func (w *World) fail(rule string, p *process, format string, args ...any) {
	if w.violation != nil {
		return
	}
	text := fmt.Sprintf(format, args...)
	if p != nil {
		text = p.identity + ": " + text
	}
	w.violation = &Violation{Seed: w.options.Seed, Rule: rule, At: w.now, Text: text}
	w.trace(nil, "VIOLATION of %s: %s", rule, text)
}

// checker holds the invariants against the truth.
type checker struct {
	w *World
	// writer is whose write the store is carrying out, nil for a person.
	writer *process
	sentAt time.Time

	shards []shardTruth
	byName map[string]int
	// excused are terms that a person has interfered with: I1 is not promised to
	// them any more. unlabelled are those whose Lease the watch has lost sight of.
	excused, unlabelled map[string]bool
}

// shardTruth is what is true of one shard.
type shardTruth struct {
	name    string
	terms   map[string]*term // by token and holder
	tokens  map[string]bool
	newest  int              // the sequence number of the last term
	written int              // the newest term whose work has written
	deleted map[string]int64 // tokens of terms whose Lease was deleted -> the last version
	// vacantSince is since when nobody is at work; zero while somebody is.
	vacant      bool
	vacantSince time.Duration
	hadOwner    bool
	// hourly: somebody wrote a duration of an hour, which everybody then waits for.
	hourly bool
}

// term is one term as the store knows it.
type term struct {
	seq     int
	token   string
	holder  string
	started bool
}

func newChecker(w *World) *checker {
	return &checker{w: w, byName: map[string]int{}, excused: map[string]bool{}, unlabelled: map[string]bool{}}
}

func (c *checker) begin() {
	for i, s := range c.w.shards {
		name, _ := s.Name(component)
		c.byName[name] = i
		c.shards = append(c.shards, shardTruth{
			name: name, terms: map[string]*term{}, tokens: map[string]bool{}, deleted: map[string]int64{},
			vacant: true, vacantSince: c.w.plan.appears[i],
		})
	}
}

func (c *checker) index(name string) int {
	if i, known := c.byName[name]; known {
		return i
	}
	return -1
}

func (c *checker) writing(p *process, sentAt time.Time) { c.writer, c.sentAt = p, sentAt }
func (c *checker) written()                             { c.writer = nil }

// changed judges a change in the store.
func (c *checker) changed(old *object, ch change) {
	i := c.index(ch.object.name)
	if i < 0 {
		return
	}
	now := c.w.store.objects[ch.object.name]
	if c.w.tracing() {
		c.w.traceChange(c.writer, old, now)
	}
	if c.writer == nil {
		c.byHand(i, old, now)
		return
	}
	if now.holder == "" {
		c.blanked(i, old)
		return
	}
	if old == nil || old.holder != now.holder || old.transitions != now.transitions || old.uid != now.uid {
		c.newTerm(i, old, now)
	}
}

// byHand: a person has edited or deleted a Lease. What follows for the term that
// it was in is not promised.
func (c *checker) byHand(i int, old, now *object) {
	if now != nil && now.duration > 10*c.w.plan.timing.LeaseDuration {
		c.shards[i].hourly = true
	}
	switch {
	case old.holder == "":
	case now == nil:
		c.shards[i].deleted[old.token()] = old.version
		return
	case !now.labelled:
		c.unlabelled[old.token()] = true
	case now.holder != old.holder || now.duration != old.duration:
		c.excused[old.token()] = true
	}
}

// blanked: I2, and nobody frees what is not his.
func (c *checker) blanked(i int, old *object) {
	p := c.writer
	if old.holder != p.identity {
		c.w.fail("I2", p, "emptied the Lease of %q", old.holder)
	}
	for _, r := range c.w.running[i] {
		if r.p == p {
			c.w.fail("I2", p, "released %s while its reconciler runs", c.shards[i].name)
		}
	}
}

// newTerm: I3, and tokens are never used twice.
func (c *checker) newTerm(i int, old, now *object) {
	s := &c.shards[i]
	if old == nil {
		c.created(i)
	}
	token := now.token()
	if s.tokens[token] && !c.excused[token] {
		c.w.fail("token", c.writer, "begins a term with the token %s, which was used before", token)
	}
	s.tokens[token] = true
	s.newest++
	s.terms[token+" "+now.holder] = &term{seq: s.newest, token: token, holder: now.holder}
	for _, r := range c.w.running[i] {
		if r.entitled() && !c.excused[r.term.Token()] && !(r.p == c.writer && r.p.core == nil) {
			c.w.fail("I3", c.writer, "took %s although %s may act for %v more by its own clock",
				s.name, r.p.identity, r.fence.until.Sub(r.p.local()))
		}
	}
}

// created: somebody made a deleted Lease anew. A replica that had seen its last
// state must have waited; who had not could not know.
func (c *checker) created(i int) {
	for token := range c.shards[i].deleted {
		if c.writer.core == nil || !c.writer.view.informed[token] {
			c.excused[token] = true
		}
	}
}

// toldGone: the process learns of a deletion, having seen the state old last.
func (c *checker) toldGone(p *process, name string, old lease.Observation) {
	i := c.index(name)
	if i < 0 || old.Holder == "" {
		return
	}
	token := fmt.Sprintf("%s/%d", old.UID, old.Transitions)
	if last, deleted := c.shards[i].deleted[token]; deleted && last == number(old.Version) {
		p.view.informed[token] = true
	}
}

// entitled: I1, and I7 when one of the two is a plain elector.
func (c *checker) entitled(i int) {
	var first *reconciler
	for _, r := range c.w.running[i] {
		if !r.entitled() || c.excused[r.term.Token()] {
			continue
		}
		if first == nil {
			first = r
			continue
		}
		rule := "I1"
		if first.p.core == nil || r.p.core == nil {
			rule = "I7"
		}
		c.w.fail(rule, nil, "%s in term %s (for %v more) and %s in term %s (for %v more) may both act on %s",
			first.p.identity, first.term.Token(), first.fence.until.Sub(first.p.local()),
			r.p.identity, r.term.Token(), r.fence.until.Sub(r.p.local()), c.shards[i].name)
	}
}
