package cluster

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestBinaryTakesThePrebuiltOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cp")
	t.Setenv("KINDRED_CONTROLPLANE", path)
	if _, err := Binary(t.Context(), nil); err == nil {
		t.Error("accepted a path where there is nothing")
	}
	if err := os.WriteFile(path, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if got, err := Binary(t.Context(), nil); err != nil || got != path {
		t.Errorf("Binary = %q, %v", got, err)
	}
}

func TestFingerprintFollowsTheSources(t *testing.T) {
	root := t.TempDir()
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("test/controlplane/go.mod", "module x\n\nrequire k8s.io/kubernetes v1.37.2\n")
	b := newBuild(root, controlplane)
	last := ""
	changed := func() bool {
		t.Helper()
		now, err := b.fingerprint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { last = now }()
		return now != last
	}
	changed()
	for _, step := range []struct {
		path, text string
		want       bool
	}{
		{"test/controlplane/main.go", "package main", true},
		{"test/controlplane/main.go", "package main // more", true},
		{"test/controlplane/main_test.go", "package main", false},
		{"test/controlplane/README.md", "words", false},
		{"test/controlplane/node/main.go", "package main", false}, // another program
		{"test/cluster/bootstrap/flags.go", "package bootstrap", true},
		{"test/cluster/cluster.go", "package cluster", false},
		{"test/controlplane/go.mod", "module x\n\nrequire k8s.io/kubernetes v1.37.3\n", true},
	} {
		write(step.path, step.text)
		if got := changed(); got != step.want {
			t.Errorf("after a change of %s: changed = %v, want %v", step.path, got, step.want)
		}
	}
	plane := last
	if b = newBuild(root, node); !changed() || last == plane {
		t.Error("the node's fingerprint is the control plane's")
	}
	write("test/controlplane/node/main.go", "package main // more")
	if !changed() {
		t.Error("the node's fingerprint does not follow its sources")
	}
	flags, err := b.ldflags()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"gitVersion=v1.37.3", "gitMajor=1", "gitMinor=37"} {
		if !strings.Contains(flags, want) {
			t.Errorf("ldflags %q lack %s", flags, want)
		}
	}
}

func TestLockIsHeldByOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bin", "lock")
	unlock, err := lock(t.Context(), path, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var said strings.Builder
	if _, err := lock(ctx, path, &said); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second lock = %v", err)
	}
	if !strings.Contains(said.String(), "waiting") {
		t.Errorf("the wait is not announced: %q", said.String())
	}
	unlock()
	unlock, err = lock(t.Context(), path, io.Discard)
	if err != nil {
		t.Fatalf("after the unlock: %v", err)
	}
	unlock()
}

func TestProgressElsewhereThanOnATerminal(t *testing.T) {
	var out strings.Builder
	p := newProgress(&out, "it", 3)
	p.every = time.Hour
	p.start()
	p.compiled()
	p.compiled()
	p.line()
	p.stop()
	p.finished()
	for _, want := range []string{"3 packages", "compiled 2 packages of at most 3, 0s\n", "compiled it in 0s\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("output lacks %q:\n%s", want, out.String())
		}
	}
	if strings.ContainsAny(out.String(), "\r\x1b") {
		t.Errorf("terminal control characters in %q", out.String())
	}
}
