package cluster_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/test/cluster"
)

// parentEnv makes the test program the parent process of TestParentDeath.
const parentEnv = "KINDRED_TEST_PARENT"

type belongings struct {
	Dir  string
	PIDs []int
}

func TestMain(m *testing.M) {
	if os.Getenv(parentEnv) != "" {
		parent()
	}
	os.Exit(m.Run())
}

// parent starts a cluster, tells what belongs to it, and waits to be killed.
func parent() {
	c, err := cluster.Start(context.Background(), cluster.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = json.NewEncoder(os.Stdout).Encode(belongings{c.Dir(), c.PIDs()})
	select {}
}

// TestParentDeath: a test program that is killed, by go test's timeout say, leaves nothing behind.
func TestParentDeath(t *testing.T) {
	t.Setenv("KINDRED_TEST_KUBECONFIG", "")
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			way.setup(t)
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), parentEnv+"=1")
			cmd.Stderr = os.Stderr
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var has belongings
			err = json.NewDecoder(bufio.NewReader(stdout)).Decode(&has)
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			if err != nil {
				t.Fatalf("the parent did not start a cluster: %v", err)
			}
			if len(has.PIDs) == 0 {
				t.Fatal("the cluster has no process")
			}
			deadline := time.Now().Add(10 * time.Second)
			for {
				left := remains(has.Dir, has.PIDs)
				if len(left) == 0 {
					return
				}
				if time.Now().After(deadline) {
					t.Fatalf("left behind: %v", left)
				}
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
}

// zombie reports whether the process is dead but has not been waited for: an orphan is waited for by whatever process
// adopted it, in its own time.
func zombie(pid int) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(raw), ") ")
	return strings.HasPrefix(after, "Z")
}

func commandOf(pid int) string {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return fmt.Sprintf("process %d %q", pid, strings.ReplaceAll(string(raw), "\x00", " "))
}
