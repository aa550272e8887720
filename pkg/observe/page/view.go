package page

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/kindred-k8s/kindred/pkg/inspect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// view is what the template shows: words, and numbers for drawing.
type view struct {
	// Waiting: nothing has been seen yet.
	Waiting bool
	// Trouble is why what is shown may be old.
	Trouble string
	At      time.Time
	Clock   string
	Fleets  []fleetView
	// Loud are kinds without a live owner.
	Loud     []kindView
	Problems []string
	Kinds    int
	Replicas int
	// Verdict is one phrase about all; Calm says that it is good.
	Verdict string
	Calm    bool
	Rows    []rowView
	Window  string
	Ticks   []string
	Log     []logView
}

// fleetView is one component.
type fleetView struct {
	Component, Namespace string
	// Prefix is what the names of all its replicas begin with, which is left out.
	Prefix  string
	Columns []columnView
}

// columnView is a replica.
type columnView struct {
	Name, Short, Identity, Condition, Load, Revision string
	Hue                                              int
	Alive, Ready                                     bool
	Tiles                                            []kindView
}

// kindView is a kind.
type kindView struct {
	ID, Kind, Group, Owner, Holder, Since, Renewed, State, Planned, Why, Component, Namespace string
	Term, Hue                                                                                 int
	Held                                                                                      string
}

// rowView is a line of the timeline.
type rowView struct {
	Kind, Group, Summary string
	Spans                []spanView
}

// spanView is drawn from X for Width, both in thousandths of the window.
type spanView struct {
	X, Width int
	Hue      int
	Vacant   bool
	Title    string
}

// logView is one change of owner.
type logView struct {
	At, Kind       string
	From, To       string
	FromHue, ToHue int
	// Note is how long nobody had it, or how it ended; Slow says that it took long.
	Note string
	Slow bool
}

// shownLog is how many changes of owner the page lists.
const shownLog = 20

func newView(s *inspect.Snapshot, h *history, c *colours) view {
	c.assign(s, h)
	v := view{
		At: s.At.Time, Clock: s.At.UTC().Format("15:04:05") + " UTC", Kinds: len(s.Kinds), Replicas: s.Ready(), Problems: s.Problems,
	}
	for _, r := range s.Replicas {
		if r.Gone() {
			continue
		}
		f := v.fleet(r.Component, r.Namespace)
		f.Columns = append(f.Columns, column(s, r, c))
	}
	for i := range v.Fleets {
		f := &v.Fleets[i]
		f.Prefix = prefix(f.Columns)
		for j := range f.Columns {
			f.Columns[j].Short = strings.TrimPrefix(f.Columns[j].Name, f.Prefix)
		}
	}
	for _, k := range s.Kinds {
		if k.State != inspect.Owned {
			v.Loud = append(v.Loud, tile(s, k, c))
		}
	}
	v.judge(s)
	v.timeline(s, h, c)
	v.handovers(h, c)
	return v
}

func column(s *inspect.Snapshot, r inspect.Replica, c *colours) columnView {
	col := columnView{
		Name: inspect.Printable(r.Name), Identity: inspect.Printable(r.Identity), Condition: r.Condition(), Revision: inspect.Printable(r.Revision),
		Hue: c.get(r.Identity), Alive: r.Alive, Ready: r.Alive && r.Phase == lease.Ready,
	}
	if r.Capacity > 0 {
		col.Load = fmt.Sprintf("load %d of capacity %d", r.Load, r.Capacity)
	}
	for _, k := range s.Kinds {
		if k.Holder == r.Identity && k.Namespace == r.Namespace && k.Component == r.Component {
			col.Tiles = append(col.Tiles, tile(s, k, c))
		}
	}
	return col
}

func tile(s *inspect.Snapshot, k inspect.Kind, c *colours) kindView {
	name, group := called(k.Name())
	t := kindView{
		ID: k.Namespace + "/" + k.Lease, Kind: name, Group: group, Owner: inspect.Printable(k.Owner), Holder: inspect.Printable(k.Holder),
		Since: age(s.At.Time, k.Since.Time), Renewed: age(s.At.Time, k.Renewed.Time), State: string(k.State), Term: k.Term,
		Component: k.Component, Namespace: k.Namespace,
	}
	if k.Holder != "" {
		t.Hue = c.get(k.Holder)
	}
	if k.Because != "" {
		t.Why = k.Because.String()
	}
	if k.Planned != "" {
		t.Planned = inspect.Printable(lease.PodName(k.Planned))
	}
	switch {
	case k.Paused:
		t.Held = "paused"
	case k.MoveTo != "":
		t.Held = "by hand"
	}
	return t
}

// called takes a kind's name apart. What stands behind a slash, as in
// Database.sample.kindred.dev/1-of-4, is part of what people call it.
func called(name string) (kind, group string) {
	name, part, _ := strings.Cut(name, "/")
	kind, group, _ = strings.Cut(name, ".")
	if part != "" {
		kind += " " + part
	}
	return kind, group
}

// judge says in one phrase how things are.
func (v *view) judge(s *inspect.Snapshot) {
	moving := 0
	for _, k := range s.Kinds {
		if k.Planned != "" && k.State == inspect.Owned {
			moving++
		}
	}
	switch {
	case len(s.Kinds) == 0:
		v.Verdict = "No kinds yet"
	case len(v.Loud) > 0:
		v.Verdict = count(len(v.Loud), "kind") + " without an owner"
	case moving > 0:
		v.Verdict, v.Calm = "Every kind is owned, "+fmt.Sprint(moving)+" to move", true
	case !s.Balanced():
		v.Verdict, v.Calm = "Every kind is owned, the split is uneven", true
	default:
		v.Verdict, v.Calm = "Every kind is owned, and the split is even", true
	}
}

// essence is what of the page is worth telling a browser at once: all but the times.
func (v view) essence() string {
	out := &strings.Builder{}
	for _, f := range v.Fleets {
		for _, c := range f.Columns {
			fmt.Fprintln(out, c.Identity, c.Condition, c.Load, c.Revision)
			for _, t := range c.Tiles {
				fmt.Fprintln(out, t.ID, t.Term, t.State, t.Planned, t.Held, t.Why)
			}
		}
	}
	for _, t := range v.Loud {
		fmt.Fprintln(out, "loud", t.ID, t.Holder)
	}
	fmt.Fprintln(out, v.Waiting, v.Trouble, v.Verdict, v.Problems, len(v.Log))
	if len(v.Log) > 0 {
		fmt.Fprintln(out, v.Log[0])
	}
	return out.String()
}

func age(now, then time.Time) string {
	if then.IsZero() {
		return "–"
	}
	return duration.HumanDuration(max(now.Sub(then), 0))
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Table has every kind once, in the order of the snapshot.
func (v view) Table() []kindView {
	var all []kindView
	for _, f := range v.Fleets {
		for _, c := range f.Columns {
			all = append(all, c.Tiles...)
		}
	}
	for _, t := range v.Loud {
		if t.Holder == "" {
			all = append(all, t)
		}
	}
	sortTiles(all)
	return all
}
