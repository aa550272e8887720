package main

import (
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kindred-k8s/kindred/cmd/kindred/demo"
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
		demo.NewCommand(name, typed(path, name), streams),
		policy.NewCommand(name, streams),
		simulate.NewCommand(name, streams),
	)
	root.AddCommand(steer.NewCommands(name, streams)...)
	return root
}

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
	if strings.HasPrefix(filepath.Base(path), "kubectl-kindred") {
		return "kubectl kindred"
	}
	return "kindred"
}
