package broken

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/test/faultproxy"
)

// restartPause is what passes before a replica that has ended is started again.
const restartPause = 200 * time.Millisecond

// replica is one Pod of a system: its network, and the process that runs in it. As
// a kubelet does, it starts the process again when it ends.
type replica struct {
	t      *testing.T
	pod    string
	log    string
	env    string
	config *rest.Config // past the proxy
	proxy  *faultproxy.Proxy

	mu    sync.Mutex
	cmd   *exec.Cmd // the process that runs; nil when none does
	ended bool      // it is not to be started again
	codes []int     // exit codes so far; -1 for a signal
	done  chan struct{}
}

// newReplica makes one that does not run, with the token of its Pod.
func newReplica(t *testing.T, dir, system, namespace, pod string, config *rest.Config) *replica {
	t.Helper()
	proxy, err := faultproxy.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := proxy.Close(); err != nil {
			t.Error(err)
		}
	})
	through := proxy.RESTConfig()
	raw, err := json.Marshal(order{
		System: system, Host: through.Host, Token: through.BearerToken, CA: through.CAData, Pod: pod, Namespace: namespace,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &replica{t: t, pod: pod, log: filepath.Join(dir, pod+".log"), env: orderEnv + "=" + string(raw), config: config, proxy: proxy}
}

// start starts it, until end.
func (r *replica) start() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended, r.done = false, make(chan struct{})
	go r.supervise(r.done)
}

func (r *replica) supervise(done chan struct{}) {
	defer close(done)
	runtime.LockOSThread() // a process lives no longer than the thread that started it
	defer runtime.UnlockOSThread()
	for {
		cmd, err := r.launch()
		if err != nil {
			r.t.Errorf("starting %s: %v", r.pod, err)
			return
		}
		if cmd == nil {
			return
		}
		_ = cmd.Wait() // what matters of it is in the state
		r.mu.Lock()
		r.cmd = nil
		code := cmd.ProcessState.ExitCode()
		r.codes = append(r.codes, code)
		r.mu.Unlock()
		if code != -1 && code != coordinator.ExitCodeStuck {
			r.t.Errorf("%s has ended with exit code %d", r.pod, code)
		}
		time.Sleep(restartPause)
	}
}

// launch starts a process, or returns nil when there is to be none.
func (r *replica) launch() (*exec.Cmd, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return nil, nil
	}
	output, err := os.OpenFile(r.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer output.Close()
	cmd := exec.Command(os.Args[0])
	// The race detector would keep each process for a second at its end.
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=10", r.env)
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	r.cmd = cmd
	return cmd, nil
}

// signal sends a signal to the process, if one runs.
func (r *replica) signal(s syscall.Signal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd != nil {
		_ = r.cmd.Process.Signal(s) // it may just have ended
	}
}

// end kills the process for good.
func (r *replica) end() {
	r.mu.Lock()
	done := r.done
	r.ended = true
	r.mu.Unlock()
	if done == nil {
		return
	}
	r.signal(syscall.SIGKILL)
	<-done
}

// stands says whether the process stands still: it has been stopped.
func (r *replica) stands() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd == nil {
		return fmt.Errorf("%s has ended", r.pod)
	}
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", r.cmd.Process.Pid))
	if err != nil {
		return err
	}
	if _, state, _ := strings.Cut(string(raw), ") "); !strings.HasPrefix(state, "T") {
		return fmt.Errorf("%s is in state %.1s", r.pod, state)
	}
	return nil
}

// exits counts the ends by exit code 75 so far.
func (r *replica) exits() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(r.codes), func(code int) bool { return code != coordinator.ExitCodeStuck }))
}

// said returns the end of the log.
func (r *replica) said() string {
	raw, err := os.ReadFile(r.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return strings.Join(lines[max(len(lines)-40, 0):], "\n")
}
