package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// TestExampleProgram: the program of docs/examples/controller-runtime, as processes.
// Two share its kinds; the one that is told to stop ends well, and the other marks
// every object with its own term.
func TestExampleProgram(t *testing.T) {
	program := filepath.Join(t.TempDir(), "example")
	build := exec.CommandContext(t.Context(), "go", "-C", "../../../../docs/examples/controller-runtime", "build", "-o", program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the example: %v\n%s", err, out)
	}
	namespace := newNamespace(t)
	makeWorkloads(t, namespace)
	one, two := startExample(t, program, namespace, "one"), startExample(t, program, namespace, "two")
	within(t, settleTimeout, "each owns one kind", func() error {
		owners := exampleOwners(t, namespace)
		if !(owners[0] == "one" && owners[1] == "two" || owners[0] == "two" && owners[1] == "one") {
			return fmt.Errorf("the owners are %q: %s%s", owners, one.tail(), two.tail())
		}
		return nil
	})
	one.end()
	within(t, settleTimeout, "the other one owns both and has marked all", func() error {
		if owners := exampleOwners(t, namespace); owners != [2]string{"two", "two"} {
			return fmt.Errorf("the owners are %q: %s", owners, two.tail())
		}
		return marked(t, namespace)
	})
	two.end()
	if owners := exampleOwners(t, namespace); owners != [2]string{} {
		t.Errorf("the Leases are still held by %q", owners)
	}
}

// process is one process of the example.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	done chan error
	log  string
}

func startExample(t *testing.T, program, namespace, name string) *process {
	t.Helper()
	p := &process{t: t, done: make(chan error, 1), log: filepath.Join(t.TempDir(), name+".log")}
	log, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	p.cmd = exec.CommandContext(context.Background(), program, "--metrics-bind-address=0", "--health-probe-bind-address=0")
	p.cmd.Env = append(os.Environ(), "KUBECONFIG="+plane.Kubeconfig, "POD_NAMESPACE="+namespace, "POD_NAME="+name)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() }) // an error says that it has ended
	return p
}

// end asks it to stop, and demands that it does so without an error.
func (p *process) end() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	select {
	case err := <-p.done:
		if err != nil {
			p.t.Errorf("it ended with %v: %s", err, p.tail())
		}
	case <-time.After(settleTimeout):
		p.t.Fatalf("it did not end: %s", p.tail())
	}
}

// tail returns the last lines of its log.
func (p *process) tail() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(text, []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-6):], []byte("\n")))
}

var exampleKinds = []schema.GroupKind{{Group: "apps", Kind: "Deployment"}, {Group: "apps", Kind: "StatefulSet"}}

// exampleLeases returns the terms and the owners of the example's kinds, in order; empty
// for a kind that nobody owns.
func exampleLeases(t *testing.T, namespace string) (terms, owners [2]string) {
	t.Helper()
	for i, kind := range exampleKinds {
		name, err := lease.ShardOf(kind).Name("workload-marker")
		if err != nil {
			t.Fatal(err)
		}
		l, err := plane.client.CoordinationV1().Leases(namespace).Get(t.Context(), name, metav1.GetOptions{})
		if err != nil || l.Spec.HolderIdentity == nil || *l.Spec.HolderIdentity == "" {
			continue // not there yet, or free
		}
		owners[i] = lease.PodName(*l.Spec.HolderIdentity)
		terms[i] = lease.Term{UID: string(l.UID), Transitions: int(*l.Spec.LeaseTransitions)}.Token()
	}
	return terms, owners
}

func exampleOwners(t *testing.T, namespace string) [2]string {
	_, owners := exampleLeases(t, namespace)
	return owners
}

// marked says which object does not have the term of its kind's owner.
func marked(t *testing.T, namespace string) error {
	terms, _ := exampleLeases(t, namespace)
	d, err := plane.client.AppsV1().Deployments(namespace).Get(t.Context(), "d", metav1.GetOptions{})
	if err != nil {
		return err
	}
	s, err := plane.client.AppsV1().StatefulSets(namespace).Get(t.Context(), "s", metav1.GetOptions{})
	if err != nil {
		return err
	}
	for i, annotations := range []map[string]string{d.Annotations, s.Annotations} {
		if got := annotations["workload-marker.kindred.dev/term"]; got == "" || got != terms[i] {
			return fmt.Errorf("%s is marked %q, and its term is %q", exampleKinds[i], got, terms[i])
		}
	}
	return nil
}

// makeWorkloads makes one object of each of the example's kinds.
func makeWorkloads(t *testing.T, namespace string) {
	t.Helper()
	labels := map[string]string{"app": "x"}
	pod := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: labels},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "none"}}},
	}
	selector := &metav1.LabelSelector{MatchLabels: labels}
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "d"}, Spec: appsv1.DeploymentSpec{Selector: selector, Template: pod}}
	if _, err := plane.client.AppsV1().Deployments(namespace).Create(t.Context(), d, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	s := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: "s"}, Spec: appsv1.StatefulSetSpec{Selector: selector, Template: pod}}
	if _, err := plane.client.AppsV1().StatefulSets(namespace).Create(t.Context(), s, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}
