package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"

	"github.com/kindred-k8s/kindred/cmd/kindred/screen"
	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// Run runs the demo until its time is over, the person ends it, or ctx is done.
// It returns when everything that it started has ended and is removed.
func Run(ctx context.Context, o Options) error {
	s := &session{Options: o, human: o.Out, exits: make(chan exit), settling: settling{first: true}}
	if o.Output == "json" {
		s.human = o.ErrOut
	}
	say := func(format string, args ...any) { s.note(time.Now(), format, args...) }
	scene, err := prepare(ctx, o, say)
	if err != nil {
		return err
	}
	s.scene = scene
	if s.leases, err = coordinationclient.NewForConfig(scene.config); err != nil {
		return errors.Join(err, scene.tearDown())
	}
	final, err := s.play(ctx)
	err = errors.Join(err, s.end(), scene.tearDown())
	if final != nil && o.Output == "json" {
		err = errors.Join(err, final.writeJSON(o.Out))
	}
	return err
}

// play starts the replicas and shows them. It returns the final state.
func (s *session) play(ctx context.Context) (*report, error) {
	s.nursery = newNursery()
	s.began, s.settling.since = time.Now(), s.watch.began
	for range s.Replicas {
		if err := s.add(); err != nil {
			return nil, err
		}
	}
	for _, r := range s.replicas {
		s.note(time.Now(), "%s started, process %d", r.name, r.pid)
	}
	if s.screen = screen.Of(s.human); s.screen != nil {
		_ = s.screen.Clear()
		_ = s.screen.Prompt(prompt + " > ")
	} else {
		for _, command := range s.commands() {
			fmt.Fprintln(s.human, command)
		}
		fmt.Fprintln(s.human, "type: "+prompt)
	}
	interrupted, err := s.loop(ctx)
	if s.screen != nil {
		_ = s.screen.Leave()
		s.screen = nil
	}
	if err != nil {
		return nil, err
	}
	return s.judge(ctx, interrupted)
}

// loop is the demo's one goroutine until the end.
func (s *session) loop(ctx context.Context) (interrupted bool, err error) {
	watching, cancel := context.WithCancel(ctx)
	inbox, watched := make(chan func()), make(chan error, 1)
	post := func(f func()) {
		select {
		case inbox <- f:
		case <-watching.Done():
		}
	}
	go func() {
		watched <- inspect.Watch(watching, s.leases, s.query(), inspect.Handler{
			Snapshot: func(snapshot *inspect.Snapshot) { post(func() { s.saw(snapshot) }) },
			Change:   func(c inspect.Change) { post(func() { s.changed(c) }) },
			Trouble:  func(err error) { post(func() { s.note(time.Now(), "%v", err) }) },
		})
	}()
	joined := false
	defer func() {
		cancel()
		if !joined {
			<-watched
		}
	}()
	var over <-chan time.Time
	if s.For > 0 {
		over = time.After(s.For)
	}
	lines := readRequests(watching, s.In)
	for {
		select {
		case <-ctx.Done():
			return true, nil
		case <-over:
			return false, nil
		case f := <-inbox:
			f()
		case err := <-watched:
			joined = true
			return ctx.Err() != nil, err
		case line := <-lines:
			if s.answer(line) {
				return false, nil
			}
		case e := <-s.exits:
			s.exited(e)
			if len(s.running()) == 0 && e.replica.asked == "" {
				return false, errors.New("no replica runs any more")
			}
		}
	}
}

// answer works a typed line in.
func (s *session) answer(line string) (done bool) {
	r, err := parseRequest(line)
	if err != nil {
		s.note(time.Now(), "%v", err)
	} else {
		done = s.obey(r)
	}
	if s.screen != nil {
		_ = s.screen.Prompt(prompt + " > ")
		s.draw()
	}
	return done
}

// judge reads the Leases once more and says how it stands.
func (s *session) judge(ctx context.Context, interrupted bool) (*report, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	snapshot, err := inspect.Collect(ctx, s.leases, s.query())
	if err != nil {
		return nil, err
	}
	reasons := wrong(snapshot, sample.Kinds, s.running())
	final := newReport(snapshot, reasons, s.balancedAfter)
	if err := final.writeText(s.human, time.Since(s.began)); err != nil {
		return &final, err
	}
	switch {
	case s.For == 0:
		return &final, nil
	case interrupted:
		return &final, fmt.Errorf("interrupted before --for %v was over", s.For)
	case len(reasons) > 0:
		s.failed = true
		return &final, fmt.Errorf("the kinds are not as they should be: %s", strings.Join(reasons, "; "))
	}
	return &final, nil
}

// end stops the replicas and waits for them.
func (s *session) end() error {
	if s.nursery == nil {
		return nil
	}
	left := 0
	for _, r := range s.replicas {
		if s.failed {
			fmt.Fprintf(s.ErrOut, "the end of %s:\n%s\n\n", r.log, lastWords(r.log))
		}
		if r.ended == "" {
			left++
			_ = r.send(stop)
		}
	}
	if left > 0 {
		fmt.Fprintln(s.human, "stopping")
	}
	late := time.After(patience)
	for left > 0 {
		select {
		case e := <-s.exits:
			e.replica.ended = e.how
			left--
		case <-late:
			for _, r := range s.replicas {
				if r.ended == "" {
					fmt.Fprintf(s.human, "%s has not ended %v after SIGTERM: killing it\n", r.name, patience)
					_ = r.send(kill)
				}
			}
		}
	}
	s.nursery.close()
	return nil
}
