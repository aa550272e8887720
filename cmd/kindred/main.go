// Command kindred shows which replica of a controller owns which kinds, in any
// cluster, and has a demo that needs none. Installed as kubectl-kindred it is
// also "kubectl kindred".
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/klog/v2"

	"github.com/kindred-k8s/kindred/cmd/kindred/doctor"
)

func main() {
	// What client-go would log is told in words, as a warning or an error.
	klog.SetLogger(logr.Discard())
	// After the first signal the second one ends the process at once, as usual.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	command := newCommand(os.Args[0], genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr})
	if err := command.ExecuteContext(ctx); err != nil {
		os.Exit(tell(os.Stderr, err))
	}
}

// tell says what went wrong, unless that has been said, and returns the exit code.
func tell(out io.Writer, err error) int {
	var said *doctor.ExitError
	if errors.As(err, &said) {
		return said.Code
	}
	for _, line := range flatten(err) {
		fmt.Fprintln(out, "error:", line)
	}
	var own interface{ ExitCode() int }
	if errors.As(err, &own) {
		return own.ExitCode()
	}
	return 1
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
