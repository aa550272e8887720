package demo

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-k8s/kindred/pkg/inspect"
)

func TestPage(t *testing.T) {
	snapshot := state(func(s *inspect.Snapshot) { s.Replicas = s.Replicas[:1] })
	replicas := []*replica{
		{name: "replica-1", pid: 11}, {name: "replica-2", pid: 12, asked: kill, ended: "signal: killed"},
		{name: "replica-3", pid: 13}, {name: "replica-4", pid: 14, ended: "exit status 1"},
	}
	p := page{
		title:    title(2, "settling", 12345*time.Millisecond, time.Minute),
		snapshot: snapshot, replicas: replicaRows(replicas, snapshot),
		events:   []string{"12:00:00.000  replica-2, process 12, has ended: signal: killed"},
		commands: []string{"export KUBECONFIG=/tmp/k", "kubectl get leases -l kindred.dev/component=sample-operator"},
	}
	full := `
kindred demo   2 replicas   settling   12.0 s of 60.0 s

KIND   GROUP   OWNER       TERM   SINCE    STATE
A      g.io    replica-1   0      <none>   owned
B      g.io    replica-2   0      <none>   owned

REPLICA     PID   STATE                  OWNED   OWNS
replica-1   11    ready                  1       A
replica-2   12    killed                 1       B
replica-3   13    starting               0       -
replica-4   14    ended: exit status 1   0       -

12:00:00.000  replica-2, process 12, has ended: signal: killed

export KUBECONFIG=/tmp/k
kubectl get leases -l kindred.dev/component=sample-operator
`
	if diff := cmp.Diff(full, "\n"+p.text(40)); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
	low := strings.Replace(full, p.events[0]+"\n\n", "", 1)
	if diff := cmp.Diff(low, "\n"+p.text(15)); diff != "" {
		t.Errorf("page on a low terminal (-want +got):\n%s", diff)
	}
}

// A demo in which replicas came and went all day still fits on the screen.
func TestOldReplicasAreLeftOut(t *testing.T) {
	var replicas []*replica
	for range 30 {
		replicas = append(replicas, &replica{name: "x", asked: stop, ended: "exit code 0"})
	}
	replicas[0].ended = ""
	if got := len(replicaRows(replicas, state())); got != recent+1 {
		t.Errorf("%d rows, want %d", got, recent+1)
	}
}
