package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/test/cluster"
)

// stage is a part of the start and how long it took.
type stage struct {
	name string
	took time.Duration
}

// stopwatch measures the start, stage by stage.
type stopwatch struct {
	began, lap time.Time
	stages     []stage
}

func newStopwatch(now time.Time) *stopwatch { return &stopwatch{began: now, lap: now} }

// done ends a stage.
func (w *stopwatch) done(name string, now time.Time) {
	w.stages = append(w.stages, stage{name, now.Sub(w.lap)})
	w.lap = now
}

// String says what took how long.
func (w *stopwatch) String() string {
	parts := make([]string, 0, len(w.stages))
	for _, s := range w.stages {
		parts = append(parts, fmt.Sprintf("%s %s", s.name, seconds(s.took)))
	}
	return strings.Join(parts, ", ")
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// scene is everything that the replicas need.
type scene struct {
	cluster *cluster.Cluster
	// config is an administrator's.
	config *rest.Config
	// own: the demo started the control plane, which removes its directory when it
	// ends, however the demo ends.
	own bool
	// operator is the replicas' program and logs where they log.
	operator, logs string
	watch          *stopwatch
	remove         []func() error
}

// prepare builds what is missing, starts the control plane and fills it. The
// stopwatch starts after the building.
func prepare(ctx context.Context, o Options, say func(format string, args ...any)) (_ *scene, err error) {
	s := &scene{own: o.Kubeconfig == "" && os.Getenv("KINDRED_TEST_KUBECONFIG") == ""}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.tearDown())
		}
	}()
	if s.operator, err = operator(ctx, o.ErrOut); err != nil {
		return nil, err
	}
	if s.own && os.Getenv("KUBEBUILDER_ASSETS") == "" {
		if _, err = cluster.Binary(ctx, o.ErrOut); err != nil {
			return nil, err
		}
	}
	s.watch = newStopwatch(time.Now())
	if s.own {
		say("starting a Kubernetes API server")
	}
	s.cluster, err = cluster.Start(ctx, cluster.Options{Kubeconfig: o.Kubeconfig, Progress: o.ErrOut})
	if err != nil {
		return nil, fmt.Errorf("start the control plane: %w", err)
	}
	s.remove = append(s.remove, s.cluster.Stop)
	s.config = s.cluster.RESTConfig()
	s.watch.done("control plane", time.Now())
	if err := s.chooseLogs(o.Logs); err != nil {
		return nil, err
	}
	say("making %d kinds and %d objects of each", len(sample.Kinds), objects)
	if !s.own {
		s.remove = append(s.remove, func() error { return empty(s.config, o.Namespace, say) })
	}
	if err := fill(ctx, s.config, o.Namespace); err != nil {
		return nil, err
	}
	s.watch.done("kinds and objects", time.Now())
	return s, nil
}

// chooseLogs makes the directory for logs: the one that was asked for, or one that
// goes with the control plane's data, or else a temporary one.
func (s *scene) chooseLogs(asked string) error {
	switch {
	case asked != "":
		s.logs = asked
	case s.own:
		s.logs = filepath.Join(filepath.Dir(s.cluster.Kubeconfig), "replicas")
	default:
		dir, err := os.MkdirTemp("", "kindred-demo-")
		if err != nil {
			return err
		}
		s.logs = dir
		s.remove = append(s.remove, func() error { return os.RemoveAll(dir) })
	}
	return os.MkdirAll(s.logs, 0o755)
}

// tearDown undoes what prepare did, the last thing first.
func (s *scene) tearDown() error {
	var errs []error
	for i := len(s.remove) - 1; i >= 0; i-- {
		errs = append(errs, s.remove[i]())
	}
	s.remove = nil
	return errors.Join(errs...)
}

// operator finds the sample operator's program: beside this one, or built from the
// module around the working directory.
func operator(ctx context.Context, progress io.Writer) (string, error) {
	const name = "sample-operator"
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	beside := filepath.Join(filepath.Dir(self), name)
	if _, err := os.Stat(beside); err == nil {
		return beside, nil
	}
	const module = "github.com/kindred-k8s/kindred"
	dir, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	root := strings.TrimSpace(string(dir))
	if err != nil || root == "" {
		return "", fmt.Errorf("%s is not beside %s: install it there, or run the demo inside the repository, where it can be built", name, self)
	}
	fmt.Fprintln(progress, "building", name)
	path := filepath.Join(root, "bin", name)
	build := exec.CommandContext(ctx, "go", "build", "-o", path, "./cmd/"+name)
	build.Dir, build.Stdout, build.Stderr = root, progress, progress
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("build %s: %w", name, err)
	}
	return path, nil
}
