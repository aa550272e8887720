package demo

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"

	"github.com/kindred-k8s/kindred/cmd/kindred/screen"
	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// clock is how events are dated.
const clock = "15:04:05.000"

// session is a demo under way. One goroutine owns it.
type session struct {
	Options
	*scene
	leases coordinationclient.LeasesGetter
	// human is where everything for people goes; screen is it, if it is a terminal.
	human  io.Writer
	screen *screen.Screen

	nursery  *nursery
	replicas []*replica
	exits    chan exit
	// began is when the replicas were started.
	began    time.Time
	snapshot *inspect.Snapshot
	settling settling
	// balancedAfter is how long the first balance took.
	balancedAfter time.Duration
	events        []string
	failed        bool
}

// note shows an event.
func (s *session) note(at time.Time, format string, args ...any) {
	text := inspect.Printable(fmt.Sprintf(format, args...))
	line := at.Format(clock) + "  " + text
	s.events = append(s.events, line)
	if s.screen == nil {
		fmt.Fprintln(s.human, line)
		return
	}
	s.draw()
}

func (s *session) query() inspect.Query {
	return inspect.Query{Namespace: s.Namespace, Component: component}
}

// add starts the next replica.
func (s *session) add() error {
	name := fmt.Sprintf("%s%d", namePrefix, len(s.replicas)+1)
	timing := s.timing()
	args := []string{
		"--kubeconfig=" + s.cluster.Kubeconfig,
		"--namespace=" + s.Namespace,
		"--leader-elect-resource-namespace=" + s.Namespace,
		"--name=" + name,
		"--component=" + component,
		"--leader-elect-lease-duration=" + timing.LeaseDuration.String(),
		"--leader-elect-renew-deadline=" + timing.RenewDeadline.String(),
		"--leader-elect-retry-period=" + timing.RetryPeriod.String(),
		"--health-bind-address=127.0.0.1:0",
	}
	for _, kind := range slices.Sorted(maps.Keys(s.Buckets)) {
		args = append(args, fmt.Sprintf("--buckets=%s=%d", kind, s.Buckets[kind]))
	}
	r, err := s.nursery.launch(name, filepath.Join(s.logs, name+".log"), s.operator, args...)
	if err != nil {
		return err
	}
	s.replicas = append(s.replicas, r)
	go func() { s.exits <- r.wait() }()
	return nil
}

// running returns the names of the replicas that run and were not told to stop.
func (s *session) running() []string {
	var names []string
	for _, r := range s.replicas {
		if r.ended == "" && r.asked == "" {
			names = append(names, r.name)
		}
	}
	return names
}

// obey does what a person typed.
func (s *session) obey(r request) (done bool) {
	now := time.Now()
	switch r.verb {
	case quit:
		return true
	case help:
		for line := range strings.Lines(helpText) {
			s.note(now, "%s", strings.TrimRight(line, "\n"))
		}
	case add:
		if len(s.replicas) >= maxReplicas {
			s.note(now, "that is enough: %d replicas have been started", maxReplicas)
		} else if err := s.add(); err != nil {
			s.note(now, "%v", err)
		} else {
			last := s.replicas[len(s.replicas)-1]
			s.settling.disturb(last.name+" was added", now)
			s.note(now, "%s started, process %d", last.name, last.pid)
		}
	case stop, kill:
		i := slices.IndexFunc(s.replicas, func(have *replica) bool { return have.name == r.replica })
		switch {
		case i < 0:
			s.note(now, "there is no %s", r.replica)
		case s.replicas[i].ended != "":
			s.note(now, "%s has ended already", r.replica)
		default:
			s.settling.disturb(fmt.Sprintf("%s of %s", r.verb, r.replica), now)
			if err := s.replicas[i].send(r.verb); err != nil {
				s.note(now, "%s %s: %v", r.verb, r.replica, err)
			}
		}
	}
	return false
}

// exited takes note of a process that has ended.
func (s *session) exited(e exit) {
	now := time.Now()
	e.replica.ended = e.how
	s.note(now, "%s, process %d, has ended: %s", e.replica.name, e.replica.pid, e.how)
	if e.replica.asked != "" {
		return
	}
	s.settling.disturb("the end of "+e.replica.name, now)
	if !strings.Contains(e.how, "signal: killed") {
		s.note(now, "the end of its log %s:", e.replica.log)
		for line := range strings.Lines(lastWords(e.replica.log)) {
			s.note(now, "  %s", strings.TrimRight(line, "\n"))
		}
	}
}

// changed shows a change of owner. That a kind was released is left to the line
// that says who has it next, and how long it took.
func (s *session) changed(c inspect.Change) {
	if c.To != "" || c.Deleted {
		s.note(c.At, "%s", c)
	}
}

// saw takes in a snapshot.
func (s *session) saw(snapshot *inspect.Snapshot) {
	s.snapshot = snapshot
	ok := len(wrong(snapshot, sample.Kinds, s.running())) == 0
	first := s.settling.first
	if line := s.settling.observe(ok, snapshot.At.Time, s.watch); line != "" {
		if first {
			s.balancedAfter = snapshot.At.Sub(s.watch.began)
		}
		s.note(snapshot.At.Time, "%s", line)
		s.show()
	}
	s.draw()
}

// show writes the tables where there is no terminal to draw them on.
func (s *session) show() {
	if s.screen == nil {
		_ = s.snapshot.WriteKinds(s.human, inspect.TableOptions{})
	}
}

// draw brings the terminal up to date.
func (s *session) draw() {
	if s.screen == nil {
		return
	}
	status := "settling"
	if s.settling.ok {
		status = "balanced"
	}
	p := page{
		title:    title(len(s.running()), status, time.Since(s.began), s.For),
		snapshot: s.snapshot, replicas: replicaRows(s.replicas, s.snapshot),
		events: s.events, commands: s.commands(),
	}
	_ = s.screen.Draw(p.text(s.screen.Room(true)), true)
}

// commands are what the person can run in another terminal.
func (s *session) commands() []string {
	namespace := ""
	if s.Namespace != "default" {
		namespace = " -n " + s.Namespace
	}
	return []string{
		"export KUBECONFIG=" + s.cluster.Kubeconfig,
		fmt.Sprintf("kubectl get leases%s -l %s", namespace, s.query().Selector()),
		fmt.Sprintf("%s owners%s --watch", s.Program, namespace),
		fmt.Sprintf("tail -f %s/%s1.log", s.logs, namePrefix),
	}
}
