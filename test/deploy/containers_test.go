//go:build deploy

package deploy

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/fence/policy"
)

// containerKilled: the kubelet reports it, or the next process in the container does, and nobody waits for the Lease to
// expire.
func containerKilled(t *testing.T, r *recorder) {
	pod := owner(t, "Cache")
	before, began := r.history().Last(), time.Now()
	signal(t, pod, syscall.SIGKILL)
	taken := time.Duration(0)
	within(t, patience, "another term", func(context.Context) error {
		for _, e := range r.history() {
			if e.Kind == "Cache" && e.Object == "" && e.Revision > before && e.Pod != "" && e.Term != termAt(r.history(), "Cache", before) {
				taken = time.Since(began)
				return nil
			}
		}
		return errors.New("there is none")
	})
	// The dead process has renewed at most two seconds before, and its Lease lasts fifteen.
	if taken > 13*time.Second {
		t.Errorf("it took %v: the Lease has expired", taken)
	}
	t.Logf("the kind had an owner again %.1f s after the kill", taken.Seconds())
	settled(t, 5)
	within(t, patience, "the container to start again in its Pod", func(ctx context.Context) error {
		p, err := target.client.CoreV1().Pods(namespace).Get(ctx, pod.Name, metav1.GetOptions{})
		if err == nil && (len(p.Status.ContainerStatuses) != 1 || p.Status.ContainerStatuses[0].RestartCount == 0) {
			err = fmt.Errorf("its status is %v", p.Status.ContainerStatuses)
		}
		return err
	})
}

// termAt is the kind's term at a revision.
func termAt(h History, kind string, revision int64) (term string) {
	for _, e := range h.sorted() {
		if e.Kind == kind && e.Object == "" && e.Revision <= revision {
			term = e.Term
		}
	}
	return term
}

// signal sends a signal to the process in a Pod's container.
func signal(t *testing.T, pod corev1.Pod, s syscall.Signal) {
	t.Helper()
	found, err := target.node.Processes(string(pod.UID), program)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 {
		t.Fatalf("Pod %s has the processes %v, want one", pod.Name, found)
	}
	if err := syscall.Kill(found[0], s); err != nil {
		t.Fatal(err)
	}
}

// containerStopped: it is taken for dead when its Lease expires, and what it might still send is refused.
func containerStopped(t *testing.T, r *recorder) {
	pod := owner(t, "Bucket")
	client := asPod(t, pod)
	write := func(ctx context.Context) error {
		bucket := sample.GVR(sample.Kinds[4])
		_, err := client.Resource(bucket).Namespace(objects).Patch(ctx, changes["Bucket"].object, types.MergePatchType,
			[]byte(`{"status":{"phase":"Late"}}`), metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}}, "status")
		return err
	}
	if err := write(t.Context()); err != nil {
		t.Fatalf("a write as the owner: %v", err)
	}
	began := time.Now()
	signal(t, pod, syscall.SIGSTOP)
	t.Cleanup(func() { // a failed test must not leave it stopped
		found, _ := target.node.Processes(string(pod.UID), program)
		for _, pid := range found {
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
	})
	within(t, patience, "another Pod to take over", func(ctx context.Context) error {
		if split, err := owners(ctx); err != nil || split["Bucket"] == "" || split["Bucket"] == pod.Name {
			return fmt.Errorf("the owners are %v (%v)", split, err)
		}
		return nil
	})
	t.Logf("taken over %.1f s after the stop", time.Since(began).Seconds())
	within(t, patience, "the late write to be refused", func(ctx context.Context) error {
		if err := write(ctx); !policy.IsRefused(err) {
			return fmt.Errorf("its answer is %v, want a refusal by the policy", err)
		}
		return nil
	})
	signal(t, pod, syscall.SIGCONT)
	settled(t, 5)
}

// asPod returns a client with the identity that the Pod's own token has.
func asPod(t *testing.T, pod corev1.Pod) dynamic.Interface {
	t.Helper()
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		BoundObjectRef: &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID},
	}}
	token, err := target.client.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), account, request, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	config := rest.AnonymousClientConfig(target.config)
	config.BearerToken = token.Status.Token
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}
