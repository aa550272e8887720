package demo

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// page is what a terminal shows.
type page struct {
	title    string
	snapshot *inspect.Snapshot
	replicas []replicaRow
	// events are dated lines, oldest first.
	events []string
	// commands are what the person can run elsewhere.
	commands []string
}

// replicaRow is a replica's process beside what the Leases say about it.
type replicaRow struct {
	name, state string
	pid         int
	owns        []string
}

// text is the page in as many lines as there is room for: events make way, and
// after them the end of the page.
func (p page) text(room int) string {
	top, bottom := &bytes.Buffer{}, &bytes.Buffer{}
	fmt.Fprintf(top, "%s\n\n", p.title)
	if p.snapshot != nil {
		_ = p.snapshot.WriteKinds(top, inspect.TableOptions{})
		fmt.Fprintln(top)
	}
	writeReplicas(top, p.replicas)
	fmt.Fprintln(top)
	for _, command := range p.commands {
		fmt.Fprintln(bottom, command)
	}
	space := room - bytes.Count(top.Bytes(), []byte("\n")) - bytes.Count(bottom.Bytes(), []byte("\n")) - 1
	if shown := min(space, len(p.events)); shown > 0 {
		for _, event := range p.events[len(p.events)-shown:] {
			fmt.Fprintln(top, event)
		}
		fmt.Fprintln(top)
	}
	return top.String() + bottom.String()
}

func writeReplicas(out *bytes.Buffer, rows []replicaRow) {
	table := tabwriter.NewWriter(out, 6, 4, 3, ' ', 0)
	fmt.Fprintln(table, "REPLICA\tPID\tSTATE\tOWNED\tOWNS")
	for _, r := range rows {
		owns := strings.Join(r.owns, ",")
		if owns == "" {
			owns = "-"
		}
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\n", r.name, r.pid, r.state, strconv.Itoa(len(r.owns)), owns)
	}
	_ = table.Flush()
}

// replicaRows puts the processes and the Leases together: what runs, and what has
// ended but still holds something or ended last.
func replicaRows(replicas []*replica, s *inspect.Snapshot) []replicaRow {
	var rows []replicaRow
	for i, r := range replicas {
		row := replicaRow{name: r.name, pid: r.pid, state: r.state()}
		if s != nil {
			for _, k := range s.Kinds {
				if k.Owner == r.name {
					row.owns = append(row.owns, k.Kind)
				}
			}
			at := slices.IndexFunc(s.Replicas, func(m inspect.Replica) bool { return m.Name == r.name && m.Alive })
			if r.ended == "" && r.asked == "" {
				row.state = "starting"
				if at >= 0 {
					row.state = string(s.Replicas[at].Phase)
				}
			}
		}
		if r.ended != "" && len(row.owns) == 0 && len(replicas)-i > recent {
			continue
		}
		rows = append(rows, row)
	}
	return rows
}

// recent is how many of the last replicas are shown though they have ended.
const recent = 10

// title is the first line of a page.
func title(running int, status string, elapsed, length time.Duration) string {
	clock := seconds(elapsed.Truncate(time.Second))
	if length > 0 {
		clock += " of " + seconds(length)
	}
	return fmt.Sprintf("kindred demo   %d replicas   %s   %s", running, status, clock)
}
