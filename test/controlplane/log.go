package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// redirectStderr sends everything that the process writes to file descriptor 2 to the file, and returns the old stderr.
// Only the descriptor catches all of it: klog, etcd's logger, net/http's and the runtime's report of a panic.
func redirectStderr(path string) (io.Writer, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return os.Stderr, fmt.Errorf("open the log file: %w", err)
	}
	defer file.Close()
	old, err := unix.FcntlInt(uintptr(unix.Stderr), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return os.Stderr, fmt.Errorf("keep stderr: %w", err)
	}
	if err := unix.Dup2(int(file.Fd()), unix.Stderr); err != nil {
		return os.Stderr, fmt.Errorf("send stderr to the log file: %w", err)
	}
	return os.NewFile(uintptr(old), "stderr"), nil
}

// tail is the last part of a log file, for the report of a failure: the file is often removed with the data directory.
func tail(path string) string {
	const most = 4096
	raw, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	if len(raw) > most {
		raw = raw[len(raw)-most:]
		if nl := bytes.IndexByte(raw, '\n'); nl >= 0 {
			raw = raw[nl+1:]
		}
	}
	return string(bytes.TrimSpace(raw))
}
