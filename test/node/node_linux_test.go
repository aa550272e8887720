package node

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kindred-k8s/kindred/test/cluster/bootstrap"
)

// TestCleanLeavesWhatRuns: only a cluster whose processes are gone is removed.
func TestCleanLeavesWhatRuns(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	runs, err := claim()
	if err != nil {
		t.Fatal(err)
	}
	killed, err := claim()
	if err != nil {
		t.Fatal(err)
	}
	if err := killed.lock.Close(); err != nil { // as the kernel does with a dead process's files
		t.Fatal(err)
	}
	removed, err := Clean()
	if err != nil || !slices.Equal(removed, []string{killed.dir}) {
		t.Errorf("Clean removed %v (%v), want %s", removed, err, killed.dir)
	}
	if _, err := os.Stat(runs.dir); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(killed.dir); err == nil {
		t.Errorf("%s is there still", killed.dir)
	}
	if err := runs.Stop(); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "*")); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}

// TestClaimRefusesWhatWouldBeHidden: the directories that are covered inside cannot hold the cluster's own.
func TestClaimRefusesWhatWouldBeHidden(t *testing.T) {
	hidden := t.TempDir()
	defer func(old []string) { hiddenDirs = old }(hiddenDirs)
	hiddenDirs = []string{hidden}
	t.Setenv("TMPDIR", hidden)
	if _, err := claim(); err == nil || !strings.Contains(err.Error(), "TMPDIR") {
		t.Errorf("claim: %v, want advice about TMPDIR", err)
	}
	if left, _ := os.ReadDir(hidden); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}

func TestPossibleNamesAllThatIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := Possible()
	if err == nil {
		t.Fatal("a machine without programs can run a node")
	}
	for _, program := range []string{"containerd", "ctr", "runc", "ip"} {
		if !strings.Contains(err.Error(), program+" is not installed") {
			t.Errorf("%q does not name %s", err, program)
		}
	}
}

// TestForward: connections pass in both directions, also when one end has said all that it has to say.
func TestForward(t *testing.T) {
	listen := func() net.Listener {
		l, err := net.Listen("tcp", net.JoinHostPort(bootstrap.Loopback, "0"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	there, here := listen(), listen()
	go forward(here, there.Addr().String())
	go func() {
		conn, err := there.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		said, _ := io.ReadAll(conn)
		_, _ = fmt.Fprintf(conn, "heard %s", said)
	}()
	conn, err := net.Dial("tcp", here.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("words")); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(conn); err != nil || !bytes.Equal(got, []byte("heard words")) {
		t.Errorf("it answered %q (%v)", got, err)
	}
}
