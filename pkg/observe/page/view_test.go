package page

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// words is what a view says, in lines.
func words(v view) []string {
	lines := []string{v.Verdict}
	for _, f := range v.Fleets {
		for _, c := range f.Columns {
			line := c.Name + " " + c.Condition + ":"
			for _, t := range c.Tiles {
				line += fmt.Sprintf(" %s(%s)", t.Kind, t.Planned)
			}
			lines = append(lines, line)
		}
	}
	for _, t := range v.Loud {
		lines = append(lines, "loud "+t.Kind+" "+t.State)
	}
	return lines
}

func TestView(t *testing.T) {
	stale := owned("Queue", "b_1")
	stale.Spec.RenewTime = ptr.To(metav1.NewMicroTime(now.Add(-time.Minute)))
	both := []string{"Cache", "Queue"}
	for name, test := range map[string]struct {
		view view
		want []string
	}{
		"even": {shown(snapshot(owned("Cache", "a_1"), owned("Queue", "b_1"), member(t, "a_1", both...), member(t, "b_1", both...))).current,
			[]string{"Every kind is owned, and the split is even", "a ready: Cache()", "b ready: Queue()"}},
		"a move is due": {shown(snapshot(owned("Cache", "a_1"), owned("Queue", "a_1"), member(t, "a_1", both...), member(t, "b_1", both...))).current,
			[]string{"Every kind is owned, 1 to move", "a ready: Cache(b) Queue()", "b ready:"}},
		"nobody's are loud": {shown(snapshot(owned("Cache", ""), stale, member(t, "a_1", both...))).current,
			[]string{"2 kinds without an owner", "a ready:", "b not alive: Queue(a)", "loud Cache vacant", "loud Queue stale"}},
		"nothing": {shown(snapshot()).current, []string{"No kinds yet"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := words(test.view)
			if name == "a move is due" { // which of the two is the plan's business
				got[1] = strings.Replace(got[1], "Cache() Queue(b)", "Cache(b) Queue()", 1)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestTimeline: the window is as short as can be, and times become places in it.
func TestTimeline(t *testing.T) {
	h, c := newHistory(), newColours()
	h.see(snapshot(owned("Cache", "a_1")))
	h.add(change("Cache", "a_1", "", now.Add(60*time.Second)))
	h.add(change("Cache", "a_1", "b_1", now.Add(61*time.Second)))
	s := snapshot(owned("Cache", "b_1"))
	s.At.Time = now.Add(2 * time.Minute)
	v := newView(s, h, c)
	if v.Window != "5 minutes" || len(v.Rows) != 1 {
		t.Fatalf("%+v", v)
	}
	var got []string
	for _, span := range v.Rows[0].Spans {
		got = append(got, fmt.Sprintf("%d+%d %v %s", span.X, span.Width, span.Vacant, span.Title))
	}
	want := []string{
		"600+200 false Cache: a, 60s",
		"803+197 false Cache: b, 59s",
		"800+3 true Cache: nobody, 1s", // as wide as can be seen, and on top
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if want := "Cache: a for 60s, then nobody for 1s, then b for 59s"; v.Rows[0].Summary != want {
		t.Errorf("to a screen reader: %q, want %q", v.Rows[0].Summary, want)
	}
	s.At.Time = now.Add(30 * time.Minute)
	if v = newView(s, h, c); v.Window != "hour" || v.Rows[0].Spans[0].X != 500 {
		t.Errorf("after half an hour: %s %+v", v.Window, v.Rows[0].Spans)
	}
}

// TestHandovers: newest first, and a release that somebody followed is one line with it.
func TestHandovers(t *testing.T) {
	h, c := newHistory(), newColours()
	h.see(snapshot(owned("Cache", "op-a_1"), owned("Queue", "op-b_1")))
	taken := change("Cache", "op-a_1", "op-b_1", now.Add(time.Second))
	taken.Gap = 12 * time.Millisecond
	over := change("Queue", "op-b_1", "op-a_1", now.Add(20*time.Second))
	over.Gap, over.Expired = 15*time.Second, true
	for _, one := range []inspect.Change{change("Cache", "op-a_1", "", now), taken, over, change("Cache", "op-b_1", "", now.Add(time.Minute))} {
		h.add(one)
	}
	var got []string
	for _, l := range newView(snapshot(owned("Cache", ""), owned("Queue", "op-a_1")), h, c).Log {
		got = append(got, fmt.Sprintf("%s %s %s>%s %s %v", l.At, l.Kind, l.From, l.To, l.Note, l.Slow))
	}
	want := []string{
		"12:01:00 Cache op-b>nobody released false",
		"12:00:20 Queue op-b>op-a taken over, 15s after the last renewal true",
		"12:00:01 Cache op-a>op-b 12ms false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPrefix(t *testing.T) {
	for want, names := range map[string]string{
		"widget-operator-7d9-": "widget-operator-7d9-x2k4q widget-operator-7d9-x2zzz",
		"widget-operator-":     "widget-operator-7d9-x2k4q widget-operator-6c1-9vbtm",
		"":                     "op-1 op-2 op-3",
	} {
		var columns []columnView
		for name := range strings.FieldsSeq(names) {
			columns = append(columns, columnView{Name: name})
		}
		if got := prefix(columns); got != want {
			t.Errorf("%s: %q, want %q", names, got, want)
		}
	}
}

// TestEssence: a renewal is no news to a browser, everything else is.
func TestEssence(t *testing.T) {
	p := shown(snapshot(owned("Cache", "a_1"), member(t, "a_1", "Cache")))
	_, news := p.now()
	later := snapshot(owned("Cache", "a_1"), member(t, "a_1", "Cache"))
	later.At.Time = now.Add(time.Second)
	p.snapshot(later)
	select {
	case <-news:
		t.Error("a renewal is told")
	default:
	}
	later.At.Time = now.Add(unchanged)
	p.snapshot(later)
	select {
	case <-news:
	default:
		t.Error("ages are not told in time")
	}
	_, news = p.now()
	p.snapshot(snapshot(owned("Cache", ""), member(t, "a_1", "Cache")))
	select {
	case <-news:
	default:
		t.Error("a release is not told")
	}
}

func TestCalled(t *testing.T) {
	for name, want := range map[string]string{
		"Database.sample.kindred.dev": "Database in sample.kindred.dev", "Service": "Service in ",
		"Database.sample.kindred.dev/1-of-4": "Database 1-of-4 in sample.kindred.dev",
	} {
		if kind, group := called(name); kind+" in "+group != want {
			t.Errorf("%s: %s in %s, want %s", name, kind, group, want)
		}
	}
}
