package e2e

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// exitTimeout is how long a replica may take to end, once it should.
const exitTimeout = 30 * time.Second

// replica is one process of the sample operator, or of another program.
type replica struct {
	t         *testing.T
	name, log string
	cmd       *exec.Cmd
	pid       int
	// done is closed when the process has ended and the journal says so; code is
	// its exit code, -1 for a signal.
	done chan struct{}
	code int
}

// launch starts the operator. ended is called once, when the process is gone.
func launch(t *testing.T, name, log string, env, args []string, ended func(*replica)) *replica {
	t.Helper()
	return launchProgram(t, plane.operator, name, log, env, args, ended)
}

// launchProgram is launch for any program.
func launchProgram(t *testing.T, program, name, log string, env, args []string, ended func(*replica)) *replica {
	t.Helper()
	r := &replica{t: t, name: name, log: log, done: make(chan struct{})}
	output, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	r.cmd = exec.Command(program, args...)
	// The race detector would keep each process for a second at its end.
	r.cmd.Env = append(append(os.Environ(), "GORACE=atexit_sleep_ms=10"), env...)
	r.cmd.Stdout, r.cmd.Stderr = output, output
	r.cmd.SysProcAttr = dieWithUs()
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // the process lives no longer than this thread
		defer runtime.UnlockOSThread()
		if err := r.cmd.Start(); err != nil {
			started <- err
			return
		}
		r.pid = r.cmd.Process.Pid
		started <- nil
		_ = r.cmd.Wait() // what matters of it is in the state
		r.code = r.cmd.ProcessState.ExitCode()
		ended(r)
		close(r.done)
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	return r
}

// ended says whether the process is gone.
func (r *replica) ended() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// signal sends a signal, unless the process is gone.
func (r *replica) signal(s syscall.Signal) {
	r.t.Helper()
	if r.ended() {
		return
	}
	if err := r.cmd.Process.Signal(s); err != nil && !r.ended() {
		r.t.Errorf("signal %v to %s: %v", s, r.name, err)
	}
}

// wait waits for the end of the process and returns its exit code.
func (r *replica) wait() int {
	r.t.Helper()
	select {
	case <-r.done:
	case <-time.After(exitTimeout):
		r.t.Errorf("%s has not ended within %v", r.name, exitTimeout)
		r.signal(syscall.SIGKILL)
		<-r.done
	}
	return r.code
}

// said returns the log so far.
func (r *replica) said() string { return readLog(r.t, r.log) }

func readLog(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

// lastLines returns the end of a text.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(len(lines)-n, 0):], "\n")
}
