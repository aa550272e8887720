package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// stopContext is done, with the cause, at the first reason to stop. A second signal ends the process at once.
//
// The end of stdin is how the program notices that its parent is gone, even by SIGKILL: the kernel closes the other end
// of the pipe. (PR_SET_PDEATHSIG is no substitute: it fires when the parent's thread ends, which a Go runtime may do at
// any time, and it leaves no chance to remove the data.)
func stopContext(stdin bool) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	// The parent's terminal or pipes may be gone when the program stops; that must not keep it from tidying up.
	signal.Ignore(syscall.SIGPIPE, syscall.SIGHUP)
	go func() {
		cancel(errors.New((<-signals).String()))
		<-signals
		os.Exit(1)
	}()
	if stdin {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			cancel(errors.New("stdin was closed"))
		}()
	}
	return ctx, func() { cancel(nil) }
}
