package fleet

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/kindred-k8s/kindred/test/bench/journal"
	"github.com/kindred-k8s/kindred/test/bench/replica"
)

// stopTimeout is how long a process may take to leave.
const stopTimeout = 60 * time.Second

// Process is one process with one replica in it, or with many.
type Process struct {
	Pods []string
	// Began is when it was started.
	Began time.Time

	journal string
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	stdout  *bufio.Reader
	stderr  strings.Builder
	gone    chan struct{} // closed once it has ended and that is in the journal

	mu     sync.Mutex
	ending bool  // it was told to end
	err    error // how it ended otherwise; readable after gone
}

// start starts a process with the order.
func start(o replica.Order) (*Process, error) {
	env, err := o.Env()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &Process{Pods: o.Pods, journal: o.Journal, cmd: exec.Command(self), gone: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env)
	p.cmd.Stderr = &p.stderr
	// An interrupt typed at the terminal goes to the parent, which ends its children.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.stdout = bufio.NewReader(stdout)
	p.Began = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go p.wait()
	return p, nil
}

// wait notes the end of the process in the journal.
func (p *Process) wait() {
	defer close(p.gone)
	err := p.cmd.Wait()
	for _, pod := range p.Pods {
		err = errors.Join(err, journal.Append(p.journal, journal.Line{At: time.Now(), Event: journal.Exit, Replica: pod}))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ending {
		return
	}
	p.err = fmt.Errorf("%s ended by itself (%v): %s", p.Pods, err, strings.TrimSpace(p.stderr.String()))
}

// failure returns why the process is not there although nobody has ended it.
func (p *Process) failure() error {
	select {
	case <-p.gone:
		return p.err
	default:
		return nil
	}
}

// Tell tells the process to leave in order, and does not wait until it has.
func (p *Process) Tell() { p.signal(syscall.SIGTERM) }

// Kill ends the process as a crash does, and returns when it is gone.
func (p *Process) Kill() {
	p.signal(syscall.SIGKILL)
	<-p.gone
}

// Stop tells the process to leave, and returns when it has.
func (p *Process) Stop() error {
	p.Tell()
	select {
	case <-p.gone:
		return nil
	case <-time.After(stopTimeout):
		p.Kill()
		return fmt.Errorf("%s had not left %v after it was told to", p.Pods, stopTimeout)
	}
}

// GiveUp says that the process may end by itself from now on, and counts no more.
func (p *Process) GiveUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ending = true
}

func (p *Process) signal(s syscall.Signal) {
	p.GiveUp()
	_ = p.cmd.Process.Signal(s) // it may have ended
}

// Report asks the process about itself.
func (p *Process) Report() (replica.Report, error) {
	var r replica.Report
	if _, err := io.WriteString(p.stdin, "report\n"); err != nil {
		return r, err
	}
	line, err := p.stdout.ReadBytes('\n')
	if err != nil {
		return r, fmt.Errorf("the report of %s: %w", p.Pods, err)
	}
	return r, json.Unmarshal(line, &r)
}
