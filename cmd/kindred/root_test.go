package main

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kindred-k8s/kindred/cmd/kindred/doctor"
)

func TestUsageAdaptsToTheName(t *testing.T) {
	for path, want := range map[string]string{
		"/usr/local/bin/kindred":         "kindred owners",
		"kindred":                        "kindred owners",
		"/usr/local/bin/kubectl-kindred": "kubectl kindred owners",
	} {
		streams, _, out, _ := genericiooptions.NewTestIOStreams()
		command := newCommand(path, streams)
		command.SetArgs([]string{"owners", "--help"})
		if err := command.Execute(); err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{"\n  " + want + " -A -o wide\n", "\n  " + want + " [-n NAMESPACE"} {
			if !strings.Contains(out.String(), line) {
				t.Errorf("%s: the usage has no %q:\n%s", path, line, out)
			}
		}
	}
}

// TestKubectlCompletes: kubectl runs a program of this name with what was typed.
func TestKubectlCompletes(t *testing.T) {
	before := os.Args
	t.Cleanup(func() { os.Args = before })
	os.Args = []string{"/usr/local/bin/kubectl_complete-kindred", "owners", "--output", "y"}
	streams, _, out, _ := genericiooptions.NewTestIOStreams()
	if err := newCommand(os.Args[0], streams).Execute(); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "table\nwide\njson\nyaml\nname\n:4\n"; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
}

func TestBadFlagsAreToldTogether(t *testing.T) {
	command := newCommand("kindred", genericiooptions.IOStreams{In: &bytes.Buffer{}, Out: &bytes.Buffer{}, ErrOut: &bytes.Buffer{}})
	command.SetArgs([]string{"demo", "--replicas=0", "--for=-1s", "-o", "xml", "--lease-duration=1500ms"})
	err := command.Execute()
	for _, want := range []string{"--replicas is 0", "--for is -1s", `--output is "xml"`, "--lease-duration: leaseDuration is 1.5s"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if lines := flatten(errors.Join(errors.New("a"), errors.Join(errors.New("b"), errors.New("c")))); len(lines) != 3 {
		t.Errorf("got %d lines for three errors", len(lines))
	}
}

// TestExitCodes: kindred doctor's exit codes reach the shell, and what it has said is not
// said again.
func TestExitCodes(t *testing.T) {
	out := &strings.Builder{}
	if code := tell(out, &doctor.ExitError{Code: 1}); code != 1 || out.Len() > 0 {
		t.Errorf("findings: exit code %d and %q", code, out)
	}
	if code := tell(out, errors.New("no")); code != 1 || out.String() != "error: no\n" {
		t.Errorf("another error: exit code %d and %q", code, out)
	}
	for _, args := range [][]string{{"--for=-1s"}, {"--no-such-flag"}, {"--skip=everything"}, {"-o", "xml"}} {
		command := newCommand("kindred", genericiooptions.NewTestIOStreamsDiscard())
		command.SetArgs(append([]string{"doctor"}, args...))
		if code := tell(&strings.Builder{}, command.Execute()); code != 2 {
			t.Errorf("doctor %v: exit code %d, want 2", args, code)
		}
	}
}
