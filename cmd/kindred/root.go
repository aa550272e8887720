package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kindred-k8s/kindred/cmd/kindred/dashboard"
	"github.com/kindred-k8s/kindred/cmd/kindred/demo"
	"github.com/kindred-k8s/kindred/cmd/kindred/doctor"
	"github.com/kindred-k8s/kindred/cmd/kindred/explain"
	"github.com/kindred-k8s/kindred/cmd/kindred/history"
	"github.com/kindred-k8s/kindred/cmd/kindred/owners"
	"github.com/kindred-k8s/kindred/cmd/kindred/policy"
	"github.com/kindred-k8s/kindred/cmd/kindred/simulate"
	"github.com/kindred-k8s/kindred/cmd/kindred/steer"
)

// newCommand makes the command for a program called by the given path.
func newCommand(path string, streams genericiooptions.IOStreams) *cobra.Command {
	name := displayName(path)
	root := &cobra.Command{
		Use:   "kindred",
		Short: "Shows which replica of a controller owns which kinds",
		Long: `Kindred shares the work of a Kubernetes controller among its replicas by kind.
Every kind has a Lease of its own, and the replica that holds it reconciles the
kind. This command shows who holds what, and can say who should.`,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: name},
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	root.AddCommand(
		owners.NewCommand(name, streams),
		explain.NewCommand(name, streams),
		history.NewCommand(name, streams),
		doctor.NewCommand(name, streams),
		dashboard.NewCommand(name, streams),
		demo.NewCommand(name, typed(path, name), streams),
		policy.NewCommand(name, streams),
		simulate.NewCommand(name, streams),
	)
	root.AddCommand(steer.NewCommands(name, streams)...)
	if filepath.Base(path) == completer {
		root.SetArgs(append([]string{cobra.ShellCompRequestCmd}, os.Args[1:]...))
	}
	return root
}

// completer is the name by which kubectl runs a program to complete "kubectl kindred".
const completer = "kubectl_complete-kindred"

// typed is what a person can type again to run this very program: its path, if it
// was not found by its name alone.
func typed(path, name string) string {
	if name == filepath.Base(path) {
		return path
	}
	return name
}

// displayName is how a person typed the command: kubectl runs a plug-in by the
// name kubectl-kindred.
func displayName(path string) string {
	if base := filepath.Base(path); strings.HasPrefix(base, "kubectl-kindred") || base == completer {
		return "kubectl kindred"
	}
	return "kindred"
}
