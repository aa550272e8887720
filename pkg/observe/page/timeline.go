package page

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/kindred-k8s/kindred/pkg/inspect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// windows are the lengths of a timeline, of which the shortest is taken that has room
// for what is known.
var windows = []struct {
	length time.Duration
	name   string
	ticks  []string
}{
	{5 * time.Minute, "5 minutes", []string{"5 min ago", "4", "3", "2", "1", "now"}},
	{15 * time.Minute, "15 minutes", []string{"15 min ago", "10", "5", "now"}},
	{time.Hour, "hour", []string{"60 min ago", "45", "30", "15", "now"}},
}

// scale is how wide a drawn timeline is.
const scale = 1000

// timeline draws the last hour, or what is known of it.
func (v *view) timeline(s *inspect.Snapshot, h *history, c *colours) {
	window := windows[len(windows)-1]
	for _, w := range windows {
		if v.At.Sub(h.known) <= w.length {
			window = w
			break
		}
	}
	v.Window, v.Ticks = window.name, window.ticks
	from := v.At.Add(-window.length)
	at := func(t time.Time) int {
		return int(max(t.Sub(from), 0) * scale / window.length)
	}
	for _, k := range s.Kinds {
		name, group := called(k.Name())
		row := rowView{Kind: name, Group: group}
		var parts []string
		for _, span := range h.spans(key{k.Namespace, k.Lease}, v.At) {
			if span.to.Before(from) {
				continue
			}
			x := at(span.from)
			drawn := spanView{X: x, Width: at(span.to) - x, Vacant: span.owner == ""}
			owner := "nobody"
			if !drawn.Vacant {
				owner, drawn.Hue = inspect.Printable(lease.PodName(span.owner)), c.get(span.owner)
			} else {
				drawn.Width = max(drawn.Width, 3) // or nobody would see it
			}
			drawn.Title = fmt.Sprintf("%s: %s, %s", row.Kind, owner, lasted(span.to.Sub(span.from)))
			parts = append(parts, owner+" for "+lasted(span.to.Sub(span.from)))
			if !drawn.Vacant || span.to.Sub(span.from) >= noticed {
				row.Spans = append(row.Spans, drawn)
			}
		}
		// What was over in no time is drawn last, on top.
		slices.SortStableFunc(row.Spans, func(a, b spanView) int { return number(a.Vacant) - number(b.Vacant) })
		row.Summary = row.Kind + ": " + strings.Join(parts, ", then ")
		v.Rows = append(v.Rows, row)
	}
}

func lasted(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(time.Millisecond).String()
	}
	return duration.HumanDuration(d)
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

func sortTiles(tiles []kindView) {
	slices.SortFunc(tiles, func(a, b kindView) int { return strings.Compare(a.ID, b.ID) })
}
