package node

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// parts are the programs that the first process inside runs. As the first of its PID namespace it is also the parent of
// every process whose own has ended, such as containerd's shims, and has to wait for them: so it waits for any child, and
// os/exec, which waits for one, is of no use.
type parts struct {
	logs   string
	failed chan error // of a part that must not end

	mu   sync.Mutex // held from a fork until its part is known
	runs map[int]*part
}

// part is one program that was started.
type part struct {
	name   string
	pid    int
	must   bool // it must not end
	done   chan struct{}
	status unix.WaitStatus // may be read when done is closed
}

func newParts(logs string) *parts {
	p := &parts{logs: logs, failed: make(chan error, 1), runs: map[int]*part{}}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGCHLD)
	go func() {
		for {
			// Signals that come together are one, and one may be lost while nobody listens yet.
			select {
			case <-signals:
			case <-time.After(time.Second):
			}
			p.reap()
		}
	}()
	return p
}

func (p *parts) reap() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, unix.WNOHANG, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		part := p.runs[pid]
		if part == nil {
			continue // an orphan
		}
		delete(p.runs, pid)
		part.status = status
		close(part.done)
		if part.must {
			select {
			case p.failed <- fmt.Errorf("%s ended: %s\n%s", part.name, describe(status), p.tail(part.name)):
			default:
			}
		}
	}
}

func describe(status unix.WaitStatus) string {
	if status.Signaled() {
		return status.Signal().String()
	}
	return fmt.Sprintf("exit code %d", status.ExitStatus())
}

// start starts a program that must run for as long as the cluster does. It logs to a file of its name.
func (p *parts) start(name, program string, args ...string) (*part, error) {
	return p.fork(name, program, args, true)
}

// run runs a program to its end.
func (p *parts) run(program string, args ...string) error {
	part, err := p.fork(filepath.Base(program), program, args, false)
	if err != nil {
		return err
	}
	<-part.done
	if part.status != 0 {
		return fmt.Errorf("%s %v: %s\n%s", program, args, describe(part.status), p.tail(part.name))
	}
	return nil
}

func (p *parts) fork(name, program string, args []string, must bool) (*part, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(p.log(name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	pid, err := syscall.ForkExec(path, append([]string{program}, args...), &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{null.Fd(), log.Fd(), log.Fd()},
	})
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	made := &part{name: name, pid: pid, must: must, done: make(chan struct{})}
	p.runs[pid] = made
	return made, nil
}

func (p *parts) log(name string) string { return filepath.Join(p.logs, name+".log") }

func (p *parts) tail(name string) string {
	const most = 2048
	raw, err := os.ReadFile(p.log(name))
	if err != nil {
		return err.Error()
	}
	return string(raw[max(0, len(raw)-most):])
}
