package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// module is the line by which the repository's go.mod is told from others.
var module = regexp.MustCompile(`(?m)^module github\.com/kindred-k8s/kindred\s*$`)

// Binary returns the path of the controlplane program: $KINDRED_CONTROLPLANE, or bin/controlplane in the repository,
// which is compiled first when it is missing or its sources have changed. Away from the repository, it is the program
// next to the running one. Progress, which may be nil, is told about a compilation.
//
// Any number of processes may call it at the same time: one compiles, the others wait for it.
func Binary(ctx context.Context, progress io.Writer) (string, error) {
	return controlplane.binary(ctx, progress)
}

// NodeBinary is the same for the node program, which has what a cluster needs besides: $KINDRED_NODE, or bin/node.
func NodeBinary(ctx context.Context, progress io.Writer) (string, error) {
	return node.binary(ctx, progress)
}

func (p program) binary(ctx context.Context, progress io.Writer) (string, error) {
	if progress == nil {
		progress = io.Discard
	}
	if path := os.Getenv(p.env); path != "" {
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("$%s: %w", p.env, err)
		}
		return filepath.Abs(path)
	}
	root, err := repoRoot()
	if err != nil {
		return p.nextToUs(err)
	}
	b := newBuild(root, p)
	want, err := b.fingerprint(ctx)
	if err != nil {
		return "", err
	}
	if b.current(want) {
		return b.out, nil
	}
	unlock, err := lock(ctx, b.lockFile(), progress)
	if err != nil {
		return "", err
	}
	defer unlock()
	if b.current(want) { // by the process that we waited for
		return b.out, nil
	}
	if err := b.run(ctx, progress); err != nil {
		return "", err
	}
	return b.out, b.stamp(want)
}

// repoRoot looks upward from the working directory, and then from where this file was compiled.
func repoRoot() (string, error) {
	var starts []string
	if wd, err := os.Getwd(); err == nil {
		starts = append(starts, wd)
	}
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		starts = append(starts, filepath.Dir(file))
	}
	for _, dir := range starts {
		for {
			if raw, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && module.Match(raw) {
				return dir, nil
			}
			up := filepath.Dir(dir)
			if up == dir {
				break
			}
			dir = up
		}
	}
	return "", errors.New("not inside the kindred repository")
}

func (p program) nextToUs(why error) (string, error) {
	self, err := os.Executable()
	if err == nil {
		path := filepath.Join(filepath.Dir(self), p.name)
		if _, err = os.Stat(path); err == nil {
			return path, nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return "", errors.Join(fmt.Errorf("no %s to run: %w; set %s to a built one", p.name, why, p.env), err)
}

// lock takes the file lock, waiting for another process that has it. The kernel drops a dead process's lock.
func lock(ctx context.Context, path string, progress io.Writer) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for said := false; ; {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			file.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		if !said {
			fmt.Fprintln(progress, "another process is compiling it; waiting for it")
			said = true
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, context.Cause(ctx)
		case <-time.After(200 * time.Millisecond):
		}
	}
}
