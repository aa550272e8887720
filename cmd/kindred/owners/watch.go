package owners

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"sigs.k8s.io/yaml"

	"github.com/kindred-k8s/kindred/cmd/kindred/screen"
	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// clock is how lines are dated.
const clock = "15:04:05.000"

// follow shows the owners until ctx is done. It watches; it does not poll.
func (o *options) follow(ctx context.Context, client coordinationclient.LeasesGetter, query inspect.Query) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// Output that cannot be written, to a closed pipe say, ends the watch.
	var broken error
	check := func(err error) {
		if err != nil && broken == nil {
			broken = err
			cancel()
		}
	}
	handler := inspect.Handler{
		Trouble: func(err error) { fmt.Fprintln(o.ErrOut, "warning:", err, "(trying again)") },
	}
	terminal := screen.Of(o.Out)
	table := o.Output == "table" || o.Output == "wide"
	switch {
	case table && terminal != nil:
		check(terminal.Clear())
		handler.Snapshot = func(s *inspect.Snapshot) {
			o.fill(ctx, s)
			check(terminal.Draw(o.page(s, query), false))
		}
		defer func() { _ = terminal.Leave() }()
	case table:
		lines := &lines{}
		handler.Change = func(c inspect.Change) {
			_, err := fmt.Fprintf(o.Out, "%s  %s\n", c.At.Format(clock), c)
			check(err)
		}
		handler.Snapshot = func(s *inspect.Snapshot) {
			for _, line := range lines.of(s) {
				_, err := fmt.Fprintf(o.Out, "%s  %s\n", s.At.Format(clock), line)
				check(err)
			}
		}
	default:
		last := ""
		handler.Snapshot = func(s *inspect.Snapshot) {
			o.fill(ctx, s)
			if now := essence(s); now != last {
				last = now
				check(o.document(s))
			}
		}
	}
	if err := inspect.Watch(ctx, client, query, handler); err != nil {
		return err
	}
	return broken
}

// page is what a terminal shows.
func (o *options) page(s *inspect.Snapshot, query inspect.Query) string {
	out := &strings.Builder{}
	if len(s.Kinds)+len(s.Replicas) == 0 {
		fmt.Fprintln(out, o.Nothing(query))
	} else {
		_ = o.write(out, s, query)
	}
	if len(s.Problems) > 0 {
		fmt.Fprintln(out)
	}
	for _, problem := range s.Problems {
		fmt.Fprintln(out, "warning:", inspect.Printable(problem))
	}
	return out.String()
}

// document writes a snapshot for a program: JSON in one line, YAML after a
// separator.
func (o *options) document(s *inspect.Snapshot) error {
	if o.Output == "json" {
		return json.NewEncoder(o.Out).Encode(s)
	}
	text, err := yaml.Marshal(s)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(o.Out, "---\n%s", text)
	return err
}

// essence is what of a snapshot is worth a new document: all but the times.
func essence(s *inspect.Snapshot) string {
	out := &strings.Builder{}
	for _, k := range s.Kinds {
		fmt.Fprintln(out, k.Namespace, k.Lease, k.Holder, k.Token, k.State, k.Served, k.MoveTo, k.Paused, k.Planned, k.Because, k.Node)
	}
	for _, r := range s.Replicas {
		fmt.Fprintln(out, r.Namespace, r.Component, r.Identity, r.Phase, r.Capacity, r.Alive, r.Owns, r.Serves)
	}
	return out.String() + strings.Join(s.Problems, "\n")
}

// lines finds what a stream of changes of owner leaves out: how things were at
// first, kinds that nobody had when they appeared, Leases that went stale, and
// problems.
type lines struct {
	states   map[string]inspect.State
	problems []string
}

func (l *lines) of(s *inspect.Snapshot) []string {
	var found []string
	first := l.states == nil
	states := map[string]inspect.State{}
	for _, k := range s.Kinds {
		key := k.Namespace + "/" + k.Lease
		before, known := l.states[key]
		states[key] = k.State
		switch {
		case first && k.State == inspect.Owned:
			found = append(found, fmt.Sprintf("%s  owned by %s, term %d", k.Name(), k.Owner, k.Term))
		case !known && k.State == inspect.Vacant:
			found = append(found, fmt.Sprintf("%s  vacant", k.Name()))
		case k.State == inspect.Stale && before != inspect.Stale:
			found = append(found, fmt.Sprintf("%s  stale: %s last renewed it at %s", k.Name(), k.Owner, k.Renewed.Local().Format(clock)))
		}
	}
	for _, problem := range s.Problems {
		if !slices.Contains(l.problems, problem) {
			found = append(found, "warning: "+problem)
		}
	}
	l.states, l.problems = states, s.Problems
	for i := range found {
		found[i] = inspect.Printable(found[i])
	}
	return found
}
