package cluster_test

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"

	"github.com/kindred-k8s/kindred/test/cluster"
	"github.com/kindred-k8s/kindred/test/faultproxy"
)

// patience is how long a test waits for what must happen.
const patience = 10 * time.Second

// TestBehindAFaultProxy is the use that the proxy is made for: a service account's client, whose network fails
// while another's does not.
func TestBehindAFaultProxy(t *testing.T) {
	t.Setenv("KUBEBUILDER_ASSETS", "")
	c := start(t, cluster.Options{})
	admin := clientFor(t, c)
	cfg, err := c.ServiceAccountConfig(t.Context(), "team", "robot", nil)
	if err != nil {
		t.Fatal(err)
	}
	grant := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "robot"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: "team", Name: "robot"}},
	}
	if _, err := admin.RbacV1().ClusterRoleBindings().Create(t.Context(), grant, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	proxy, err := faultproxy.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := proxy.Close(); err != nil {
			t.Error(err)
		}
	})
	robot, err := kubernetes.NewForConfig(proxy.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	configMaps := robot.CoreV1().ConfigMaps("team")
	create := func(name string) error {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		_, err := configMaps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
		return err
	}
	// The authorizer learns of the grant through an informer.
	err = wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		return create("first") == nil, nil
	})
	if err != nil {
		t.Fatalf("after the grant: %v", create("first"))
	}

	open := func() watch.Interface {
		t.Helper()
		w, err := configMaps.Watch(t.Context(), metav1.ListOptions{FieldSelector: "metadata.name=second"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(w.Stop)
		return w
	}
	w := open()
	proxy.LoseAnswers(faultproxy.Writes())
	if err := create("second"); err == nil {
		t.Error("the answer of a create arrived")
	}
	event(t, w) // it was carried out, and the watch goes on
	proxy.Heal()
	if err := create("second"); !apierrors.IsAlreadyExists(err) {
		t.Errorf("the same create again: %v", err)
	}

	proxy.Cut()
	ended(t, w)
	if err := create("third"); err == nil {
		t.Error("a create during a cut succeeded")
	}
	if _, err := admin.CoreV1().ConfigMaps("team").List(t.Context(), metav1.ListOptions{}); err != nil {
		t.Errorf("another client, during the cut: %v", err)
	}
	proxy.Heal()

	w = open()
	event(t, w) // the one that exists
	if err := c.Kill(); err != nil {
		t.Fatal(err)
	}
	ended(t, w)
	if err := create("third"); err == nil || apierrors.ReasonForError(err) != metav1.StatusReasonUnknown {
		t.Errorf("a create without an API server: %v, want a broken connection", err)
	}
	if err := c.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := create("third"); err != nil {
		t.Errorf("after the restart: %v", err)
	}
}

func event(t *testing.T, w watch.Interface) {
	t.Helper()
	select {
	case e := <-w.ResultChan():
		if e.Type != watch.Added {
			t.Fatalf("the watch gave %v, want an object", e)
		}
	case <-time.After(patience):
		t.Fatal("the watch gave nothing")
	}
}

func ended(t *testing.T, w watch.Interface) {
	t.Helper()
	for deadline := time.After(patience); ; {
		select {
		case e, open := <-w.ResultChan():
			if !open {
				return
			}
			t.Logf("before its end the watch gave %v", e)
		case <-deadline:
			t.Fatal("the watch did not end")
		}
	}
}
