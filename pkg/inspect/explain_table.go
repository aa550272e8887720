package inspect

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
)

// Write writes the explanation for people.
func (e Explanation) Write(out io.Writer) error {
	k := e.Kind
	if _, err := fmt.Fprintf(out, "%s, of %s in namespace %s\n\n", Printable(k.Name()), Printable(k.Component), Printable(k.Namespace)); err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 6, 4, 3, ' ', 0)
	line := func(label, text string) {
		if text != "" {
			fmt.Fprintf(w, "%s\t%s\n", label, Printable(text)) // the error comes again with Flush
		}
	}
	line("Lease", k.Lease)
	line("State", string(k.State)+": "+e.Right)
	if k.Holder != "" {
		line("Owner", fmt.Sprintf("%s, since %s, term %d", k.Holder, age(e.At.Time, k.Since.Time), k.Term))
		line("Node", k.Node)
	}
	if e.Plan != "" {
		line("Plan", fmt.Sprintf("%s (%s: %s)", e.Plan, string(e.Reason), e.Why))
	} else {
		line("Plan", "none: no replica of the component is alive")
	}
	if k.Weight > 0 {
		line("Weight", strconv.FormatInt(k.Weight, 10))
	}
	for i, held := range e.Held {
		label := ""
		if i == 0 {
			label = "Mind"
		}
		fmt.Fprintf(w, "%s\t%s: %s\n", label, held.Reason, Printable(held.Message))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out); err != nil {
		return err
	}
	return e.writeReplicas(out)
}

func (e Explanation) writeReplicas(out io.Writer) error {
	revisions := false
	for _, c := range e.Replicas {
		revisions = revisions || c.Revision != ""
	}
	t := newTable(out)
	row := func(revision string, cells ...string) {
		if revisions {
			cells = append(cells[:2], append([]string{revision}, cells[2:]...)...)
		}
		t.row(cells...)
	}
	row("REVISION", "REPLICA", "PHASE", "OWNED", "LOAD", "CAPACITY", "FOR "+e.Kind.Name())
	for _, c := range e.Replicas {
		row(c.Revision, c.Name, c.Condition, strconv.Itoa(c.Owned), strconv.FormatInt(c.Load, 10), strconv.FormatInt(c.Capacity, 10), c.role())
	}
	return t.flush()
}

// role is what the replica is for the kind, in a few words.
func (c Candidate) role() string {
	switch {
	case c.Owner && c.Planned:
		return "owns it, as planned"
	case c.Owner && c.Cannot != "":
		return "owns it; " + c.Cannot
	case c.Owner:
		return "owns it"
	case c.Planned:
		return "planned owner"
	case c.Cannot != "":
		return "cannot be given it: " + c.Cannot
	default:
		return "could be given it"
	}
}
