package demo

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asParent makes the test program the parent in TestChildrenDieWithTheDemo.
const asParent = "KINDRED_DEMO_TEST_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(asParent) == "" {
		os.Exit(m.Run())
	}
	n := newNursery()
	log := os.Getenv(asParent)
	for range 3 {
		r, err := n.launch("sleeper", log, "sleep", "600")
		if err != nil {
			panic(err)
		}
		fmt.Println(r.pid)
	}
	select {}
}

func TestChildrenDieWithTheDemo(t *testing.T) {
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), asParent+"="+t.TempDir()+"/log")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var pids []int
	lines := bufio.NewScanner(out)
	for len(pids) < 3 && lines.Scan() {
		pid, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	for _, pid := range pids {
		if !runs(pid) {
			t.Errorf("process %d does not run", pid)
		}
	}
	_ = parent.Process.Signal(syscall.SIGKILL)
	_ = parent.Wait()
	deadline := time.Now().Add(10 * time.Second)
	for _, pid := range pids {
		for runs(pid) {
			if time.Now().After(deadline) {
				t.Fatalf("process %d outlives the demo", pid)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// runs says whether the process runs; one that nobody has waited for yet does not.
func runs(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z") && !strings.HasPrefix(rest, "X")
}

func TestTheEndOfAReplicaIsTold(t *testing.T) {
	n := newNursery()
	defer n.close()
	for want, script := range map[string]string{"exit code 0": "true", "exit status 3": "exit 3", "signal: killed": "kill -9 $$"} {
		r, err := n.launch("x", t.TempDir()+"/log", "sh", "-c", "echo said; "+script)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.wait().how; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got := lastWords(r.log); got != "said" {
			t.Errorf("the log says %q", got)
		}
	}
}
