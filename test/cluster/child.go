package cluster

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// stopTimeout is how long a program may take to end when asked to, before it is killed.
const stopTimeout = 4 * time.Second

// child is a running program that is waited for.
type child struct {
	name string
	cmd  *exec.Cmd
	// done is closed when the program is gone and has been waited for; err may be read from then on.
	done chan struct{}
	err  error
	// stderr is the end of what the program wrote there, for error messages.
	stderr tail
}

// newChild makes a command in a process group of its own: an interrupt typed at the terminal goes to the parent, which
// then stops its children in the right order.
func newChild(name, path string, args ...string) *child {
	c := &child{name: name, cmd: exec.Command(path, args...), done: make(chan struct{})}
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.cmd.Stderr = &c.stderr
	return c
}

// start starts the program. before, if not nil, runs ahead of the wait, which closes pipes.
func (c *child) start(before func()) error {
	if err := c.cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", c.name, err)
	}
	go func() {
		defer close(c.done)
		if before != nil {
			before()
		}
		c.err = c.cmd.Wait()
	}()
	return nil
}

// end asks with the function, waits, and kills what does not end in time.
func (c *child) end(ask func()) {
	ask()
	select {
	case <-c.done:
	case <-time.After(stopTimeout):
		c.kill()
	}
}

func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	<-c.done
}

// running reports whether the program was started, which a nil child never was, and is not gone.
func (c *child) running() bool {
	if c == nil {
		return false
	}
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// failure says how the program ended. It may be called only when it has.
func (c *child) failure() error {
	return fmt.Errorf("%s ended (%v): %s", c.name, c.err, c.stderr.String())
}

// whileRunning is a context that ends with the child, the cause being its failure.
func (c *child) whileRunning(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-c.done:
			cancel(c.failure())
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// tail keeps the end of what is written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

const tailBytes = 4096

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - tailBytes; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.buf))
}
