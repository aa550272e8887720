package demo

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// namePrefix begins every replica's name.
const namePrefix = "replica-"

// replica is one process of the sample operator. All but done's closing belongs to
// the goroutine that runs the demo.
type replica struct {
	name    string
	log     string
	pid     int
	command *exec.Cmd
	// asked is the signal that the demo has sent, for the wording of the end.
	asked verb
	// ended says how it ended; empty while it runs.
	ended string
}

// exit is the end of a replica's process.
type exit struct {
	replica *replica
	how     string
}

// nursery starts processes that end with this one, however that ends.
//
// The kernel sends a child its parent-death signal when the thread that started
// it ends, not the process, and the Go runtime ends threads as it likes. So one
// goroutine that keeps its thread for good starts them all.
type nursery struct {
	commands chan *exec.Cmd
	results  chan error
}

func newNursery() *nursery {
	n := &nursery{commands: make(chan *exec.Cmd), results: make(chan error)}
	go func() {
		runtime.LockOSThread() // and never unlocked: see close
		for command := range n.commands {
			n.results <- command.Start()
		}
	}()
	return n
}

// start starts the command.
func (n *nursery) start(command *exec.Cmd) error {
	command.SysProcAttr = dieWithParent()
	n.commands <- command
	return <-n.results
}

// close ends the thread and so everything that is left of what it started.
func (n *nursery) close() { close(n.commands) }

// launch starts a replica that logs to the file.
func (n *nursery) launch(name, log, program string, args ...string) (*replica, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("make the log of %s: %w", name, err)
	}
	defer file.Close() // the process has its own
	command := exec.Command(program, args...)
	command.Stdout, command.Stderr = file, file
	if err := n.start(command); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return &replica{name: name, log: log, pid: command.Process.Pid, command: command}, nil
}

// wait returns when the process has ended.
func (r *replica) wait() exit {
	err := r.command.Wait()
	how := "exit code 0"
	if err != nil {
		how = err.Error()
	}
	return exit{r, how}
}

// send sends the signal of the verb.
func (r *replica) send(v verb) error {
	signal := syscall.SIGTERM
	if v == kill {
		signal = syscall.SIGKILL
	}
	r.asked = v
	return r.command.Process.Signal(signal)
}

// state is what the view shows beside the replica.
func (r *replica) state() string {
	switch {
	case r.ended == "" && r.asked == stop:
		return "stopping"
	case r.ended == "":
		return "running"
	case r.asked == kill:
		return "killed"
	case r.asked == stop:
		return "stopped"
	default:
		return "ended: " + r.ended
	}
}

// patience is how long replicas get to hand over and end when the demo ends.
const patience = 5 * time.Second
