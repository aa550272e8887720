package demo

import (
	"bufio"
	"context"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// readRequests sends the lines of in until it ends. Nothing can interrupt a read
// from a terminal, so its goroutine may live as long as the process; it holds
// nothing.
func readRequests(ctx context.Context, in io.Reader) <-chan string {
	lines := make(chan string)
	if !readable(in) {
		return lines
	}
	go func() {
		scanner := bufio.NewScanner(in)
		for scanner.Scan() {
			select {
			case lines <- scanner.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}

// readable says whether in may be read: a process in the background that reads
// from its terminal is stopped for it.
func readable(in io.Reader) bool {
	file, ok := in.(*os.File)
	if !ok {
		return in != nil
	}
	fd := int(file.Fd())
	if _, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ); err != nil {
		return true // no terminal
	}
	foreground, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	return err == nil && foreground == unix.Getpgrp()
}
