package inspect

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// TableOptions says which columns a table has.
type TableOptions struct {
	// Namespace and Component add those columns; Wide adds the component too.
	Namespace, Component bool
	// Wide adds the Lease, the holder's whole identity, the last renewal, what was done
	// by hand, and the planned owner when it is another.
	Wide bool
}

// none stands for what a table has nothing to say about.
const none = "<none>"

// WriteKinds writes the kinds as a table for people.
func (s *Snapshot) WriteKinds(out io.Writer, options TableOptions) error {
	t := newTable(out)
	row := func(namespace, component string, narrow, wide []string) {
		if options.Wide {
			narrow = append(narrow, wide...)
		}
		t.row(options.prefix(namespace, component, narrow...)...)
	}
	split := slices.ContainsFunc(s.Kinds, func(k Kind) bool { return k.Of > 0 })
	kind := func(kind, part string, rest ...string) []string {
		if split {
			return append([]string{kind, part}, rest...)
		}
		return append([]string{kind}, rest...)
	}
	row("NAMESPACE", "COMPONENT",
		kind("KIND", "BUCKET", "GROUP", "OWNER", "TERM", "SINCE", "STATE"), []string{"LEASE", "HOLDER", "RENEWED", "BY-HAND", "PLANNED"})
	for _, k := range s.Kinds {
		row(k.Namespace, k.Component,
			kind(k.Kind, k.Part(), k.Group, k.Owner, strconv.Itoa(k.Term), age(s.At.Time, k.Since.Time), string(k.State)),
			[]string{k.Lease, k.Holder, age(s.At.Time, k.Renewed.Time), k.byHand(), nameOf(k.Planned)})
	}
	return t.flush()
}

// byHand is what somebody has done: the Pod that was chosen, "paused", or both.
func (k Kind) byHand() string {
	switch {
	case !k.Paused:
		return k.MoveTo
	case k.MoveTo == "":
		return "paused"
	default:
		return k.MoveTo + ",paused"
	}
}

// prefix puts the cells that every table may begin with before the others.
func (o TableOptions) prefix(namespace, component string, rest ...string) []string {
	var cells []string
	if o.Namespace {
		cells = append(cells, namespace)
	}
	if o.Component || o.Wide {
		cells = append(cells, component)
	}
	return append(cells, rest...)
}

// WriteReplicas writes the replicas as a table for people.
func (s *Snapshot) WriteReplicas(out io.Writer, options TableOptions) error {
	t := newTable(out)
	t.row(options.prefix("NAMESPACE", "COMPONENT", "REPLICA", "PHASE", "OWNED", "OWNS")...)
	for _, r := range s.Replicas {
		t.row(options.prefix(r.Namespace, r.Component, r.Name, r.condition(), strconv.Itoa(r.Owned), strings.Join(short(r.Owns), ","))...)
	}
	return t.flush()
}

// short leaves the groups out.
func short(kinds []string) []string {
	names := make([]string, 0, len(kinds))
	for _, kind := range kinds {
		shard := lease.ParseShard(kind)
		shard.Kind.Group = ""
		names = append(names, shard.String())
	}
	return names
}

// Components is how many components the kinds belong to; above one, a table needs
// their column.
func (s *Snapshot) Components() int {
	seen := map[string]bool{}
	for _, kind := range s.Kinds {
		seen[kind.Component] = true
	}
	return len(seen)
}

// age is how long ago a time was, as kubectl writes it.
func age(now, then time.Time) string {
	if then.IsZero() {
		return none
	}
	return duration.HumanDuration(max(now.Sub(then), 0))
}

// Printable returns text without what a terminal would obey. A holderIdentity can
// hold any character.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
}

// table aligns columns the way kubectl does.
type table struct {
	writer *tabwriter.Writer
	err    error
}

func newTable(out io.Writer) *table {
	return &table{writer: tabwriter.NewWriter(out, 6, 4, 3, ' ', 0)}
}

func (t *table) row(cells ...string) {
	for i, cell := range cells {
		if cell = Printable(cell); cell == "" {
			cell = none
		}
		cells[i] = cell
	}
	if t.err == nil {
		_, t.err = fmt.Fprintln(t.writer, strings.Join(cells, "\t"))
	}
}

func (t *table) flush() error {
	if t.err != nil {
		return t.err
	}
	return t.writer.Flush()
}
