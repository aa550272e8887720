package main

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"
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
