package e2e

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// exampleLeases are the Leases of the example's kinds, as Knative would name them.
var exampleLeases = [2]string{"workload-marker.main.deployments.00-of-01", "workload-marker.main.cronjobs.00-of-01"}

// TestExampleProgram: the program of docs/examples/knative, as processes. Two share its
// kinds; the one that is told to stop ends well, and the other marks every object with
// its own term.
func TestExampleProgram(t *testing.T) {
	program := filepath.Join(t.TempDir(), "example")
	build := exec.CommandContext(t.Context(), "go", "-C", "../../../../docs/examples/knative", "build", "-o", program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the example: %v\n%s", err, out)
	}
	f := newFleet(t, nil)
	f.makeWorkloads()
	one, two := f.run("one", program), f.run("two", program)
	within(t, "each owns one kind", func() error {
		owners := f.owners()
		if a, b := owners[exampleLeases[0]], owners[exampleLeases[1]]; a == "" || b == "" || a == b {
			return fmt.Errorf("the owners are %v", owners)
		}
		return nil
	})
	one.stop()
	within(t, "the other one owns both and has marked all", func() error {
		for _, name := range exampleLeases {
			if owner := f.owners()[name]; owner != "two" {
				return fmt.Errorf("%s is owned by %q", name, owner)
			}
		}
		return f.marked()
	})
	two.stop()
	for name, owner := range f.owners() {
		if owner != "" {
			t.Errorf("the Lease %s is still held by %q", name, owner)
		}
	}
}

// marked says which object does not have the term of its kind's owner.
func (f *fleet) marked() error {
	d, err := plane.client.AppsV1().Deployments(f.namespace).Get(f.t.Context(), "d", metav1.GetOptions{})
	if err != nil {
		return err
	}
	c, err := plane.client.BatchV1().CronJobs(f.namespace).Get(f.t.Context(), "c", metav1.GetOptions{})
	if err != nil {
		return err
	}
	for i, annotations := range []map[string]string{d.Annotations, c.Annotations} {
		l, err := plane.client.CoordinationV1().Leases(f.namespace).Get(f.t.Context(), exampleLeases[i], metav1.GetOptions{})
		if err != nil {
			return err
		}
		term := lease.Term{UID: string(l.UID), Transitions: int(*l.Spec.LeaseTransitions)}.Token()
		if got := annotations["workload-marker.kindred.dev/term"]; got != term {
			return fmt.Errorf("the object of %s is marked %q, and the term is %q", exampleLeases[i], got, term)
		}
	}
	return nil
}

// makeWorkloads makes one object of each of the example's kinds.
func (f *fleet) makeWorkloads() {
	f.t.Helper()
	labels := map[string]string{"app": "x"}
	pod := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: labels},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "none"}}},
	}
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "d"},
		Spec:       appsv1.DeploymentSpec{Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: pod},
	}
	if _, err := plane.client.AppsV1().Deployments(f.namespace).Create(f.t.Context(), d, metav1.CreateOptions{}); err != nil {
		f.t.Fatal(err)
	}
	pod.Spec.RestartPolicy = corev1.RestartPolicyNever
	c := &batchv1.CronJob{
		ObjectMeta: metav1.ObjectMeta{Name: "c"},
		Spec:       batchv1.CronJobSpec{Schedule: "0 0 1 1 *", JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: pod}}},
	}
	if _, err := plane.client.BatchV1().CronJobs(f.namespace).Create(f.t.Context(), c, metav1.CreateOptions{}); err != nil {
		f.t.Fatal(err)
	}
}
