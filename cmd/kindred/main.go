// Command kindred shows which replica of a controller owns which kinds, in any
// cluster, and has a demo that needs none. Installed as kubectl-kindred it is
// also "kubectl kindred".
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/klog/v2"
)

func main() {
	// What client-go would log is told in words, as a warning or an error.
	klog.SetLogger(logr.Discard())
	// After the first signal the second one ends the process at once, as usual.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	command := newCommand(os.Args[0], genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr})
	if err := command.ExecuteContext(ctx); err != nil {
		for _, line := range flatten(err) {
			fmt.Fprintln(os.Stderr, "error:", line)
		}
		os.Exit(1)
	}
}

// flatten takes joined errors apart, for one line each.
func flatten(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, part := range joined.Unwrap() {
		all = append(all, flatten(part)...)
	}
	return all
}
