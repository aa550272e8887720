package e2e

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/pkg/kubelease"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// marker is the program of docs/examples/client-go.
const (
	markerComponent  = "workload-marker"
	markerAnnotation = "workload-marker.kindred.dev/term"
)

// TestClientGoExample: two processes of the example share its kinds; the one that is
// told to stop ends well, and the other marks every object with its own term.
func TestClientGoExample(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "example")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../docs/examples/client-go").CombinedOutput(); err != nil {
		t.Fatalf("building the example: %v\n%s", err, out)
	}
	namespace := newNamespace(t)
	makeWorkloads(t, namespace)
	start := func(name string) *replica {
		args := []string{"--kubeconfig=" + plane.Kubeconfig, "--pod-namespace=" + namespace, "--pod-name=" + name, "--rebalance-delay=1s"}
		r := launchProgram(t, program, name, filepath.Join(t.TempDir(), name+".log"), nil, args, func(*replica) {})
		t.Cleanup(func() {
			r.signal(syscall.SIGKILL)
			r.wait()
		})
		return r
	}
	one, two := start("one"), start("two")
	marked := func(want map[string]int) {
		t.Helper()
		within(t, settleTimeout, fmt.Sprintf("the owners to be %v", want), func(ctx context.Context) error {
			owns, err := markedByOwners(ctx, namespace)
			if err == nil && fmt.Sprint(owns) != fmt.Sprint(want) {
				err = fmt.Errorf("they are %v:\n%s\n%s", owns, lastLines(one.said(), 5), lastLines(two.said(), 5))
			}
			return err
		})
	}
	marked(map[string]int{"one": 1, "two": 1})
	one.signal(syscall.SIGTERM)
	if code := one.wait(); code != 0 {
		t.Errorf("one ended with exit code %d:\n%s", code, lastLines(one.said(), 10))
	}
	marked(map[string]int{"two": 2})
}

// markedByOwners returns how many kinds each replica owns, or an error when an object
// does not say that its kind's owner has marked it in its term.
func markedByOwners(ctx context.Context, namespace string) (map[string]int, error) {
	deployment, err := plane.client.AppsV1().Deployments(namespace).Get(ctx, "web", metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	statefulSet, err := plane.client.AppsV1().StatefulSets(namespace).Get(ctx, "web", metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	owns := map[string]int{}
	for kind, object := range map[string]metav1.Object{"Deployment": deployment, "StatefulSet": statefulSet} {
		name, err := lease.ShardOf(schema.GroupKind{Group: "apps", Kind: kind}).Name(markerComponent)
		if err != nil {
			return nil, err
		}
		l, err := plane.client.CoordinationV1().Leases(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		record := kubelease.Record(l)
		token := lease.Term{UID: record.UID, Transitions: record.Transitions}.Token()
		if got := object.GetAnnotations()[markerAnnotation]; got != token {
			return nil, fmt.Errorf("the %s was marked in term %q, and %s has %s", kind, got, record.Holder, token)
		}
		owns[lease.PodName(record.Holder)]++
	}
	return owns, nil
}

// makeWorkloads makes a Deployment and a StatefulSet, which nobody runs here.
func makeWorkloads(t *testing.T, namespace string) {
	t.Helper()
	meta := metav1.ObjectMeta{Name: "web", Namespace: namespace}
	selector := &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}
	template := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: selector.MatchLabels},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "web"}}},
	}
	d := &appsv1.Deployment{ObjectMeta: meta, Spec: appsv1.DeploymentSpec{Selector: selector, Template: template}}
	if _, err := plane.client.AppsV1().Deployments(namespace).Create(t.Context(), d, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	s := &appsv1.StatefulSet{ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{Selector: selector, Template: template}}
	if _, err := plane.client.AppsV1().StatefulSets(namespace).Create(t.Context(), s, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}
