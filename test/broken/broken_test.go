package broken

import (
	"context"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// TestBroken does to each system what the scenarios say, counts what must not
// happen, and holds Kindred to what docs/fence.md promises. One scenario alone:
// -run 'TestBroken/etcd'.
func TestBroken(t *testing.T) {
	r := newTrial(t)
	var rows []row
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			r := *r
			r.t = t
			rows = append(rows, r.run(s))
		})
	}
	for kind, h := range r.histories {
		t.Logf("%s: %d versions were read back from etcd after breaks of the watch", kind.Kind, h.missed())
	}
	t.Logf("\n%s", format(rows))
	update(t, rows)
}

// run goes through one scenario.
func (r *trial) run(s scenario) row {
	fleets := r.fleets
	if s.controlled {
		fleets = slices.Concat(fleets, r.controls)
		for _, f := range r.controls {
			f.start()
			defer f.end()
		}
	}
	r.settle(fleets, time.Now().Add(-calmTime))
	before := r.mark(fleets)
	func() {
		defer heal(fleets) // also when the scenario fails
		s.fault(r, fleets)
	}()
	healed := time.Now()
	r.settle(r.fleets, healed)
	r.t.Logf("settled %v after the fault", time.Since(healed).Round(100*time.Millisecond))

	result := row{scenario: s, cells: map[string]cell{}}
	for _, f := range fleets {
		c := before.since(f)
		result.cells[f.system] = c
		r.t.Logf("%-16s %v, %d sent late, %d writes", f.system, c, c.late, c.writes)
		r.judge(s, f.system, c.counts)
	}
	return result
}

// judge holds a system to what is promised of it.
func (r *trial) judge(s scenario, system string, c counts) {
	asserted := s.promise
	switch system {
	case plain:
		return
	case policies, fenceAlone:
		asserted = all
	case noFence:
		// Were nothing counted here, zeros above would mean nothing.
		if c.backwards == 0 || c.late == 0 || c.overlapping == 0 {
			r.t.Errorf("nothing keeps the old owner from writing, and yet: %+v: this test cannot fail", c)
		}
		return
	}
	if !asserted.kept(c) {
		r.t.Errorf("%s: promised is %q, and there is %+v", system, asserted, c)
	}
	if system == kindred && s.hole && c.backwards == 0 {
		r.t.Errorf("%s: no write landed late: this scenario cannot show what the policies are for", system)
	}
}

// mark is a moment: how far each history had come, and how often processes had
// ended.
type mark struct {
	at    time.Time
	seen  map[string]map[schema.GroupKind]int
	exits map[string]int
}

func (r *trial) mark(fleets []*fleet) mark {
	m := mark{at: time.Now(), seen: map[string]map[schema.GroupKind]int{}, exits: map[string]int{}}
	for _, f := range fleets {
		m.seen[f.system], m.exits[f.system] = map[schema.GroupKind]int{}, f.exits()
		for _, kind := range kinds {
			m.seen[f.system][kind] = len(f.histories[kind].of(f.namespace))
		}
	}
	return m
}

// since judges what a fleet has written since.
func (m mark) since(f *fleet) cell {
	c := cell{exits: f.exits() - m.exits[f.system]}
	now := time.Now()
	for _, kind := range kinds {
		c.counts = c.and(check(f.histories[kind].of(f.namespace)[m.seen[f.system][kind]:], m.at, now))
	}
	return c
}

// stand waits until the processes of targets stand still.
func (r *trial) stand(targets []target) {
	r.t.Helper()
	within(r.t, patience, "the processes to stand still", func(context.Context) error {
		for _, x := range targets {
			if err := x.stands(); err != nil {
				return err
			}
		}
		return nil
	})
}
