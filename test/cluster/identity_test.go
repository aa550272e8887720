package cluster_test

import (
	"context"
	"slices"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/kindred-k8s/kindred/test/cluster"
)

func TestServiceAccount(t *testing.T) {
	t.Setenv("KUBEBUILDER_ASSETS", "")
	c := start(t, cluster.Options{})
	t.Run("is subject to RBAC", func(t *testing.T) { checkRBAC(t, c) })
	t.Run("carries its pod", func(t *testing.T) { checkBound(t, c) })
}

func checkRBAC(t *testing.T, c *cluster.Cluster) {
	ctx, admin := t.Context(), clientFor(t, c)
	robot := serviceAccount(t, c, nil)
	list := func(ctx context.Context) error {
		_, err := robot.CoreV1().ConfigMaps("team").List(ctx, metav1.ListOptions{})
		return err
	}
	if err := list(ctx); !apierrors.IsForbidden(err) {
		t.Fatalf("before any grant: %v, want 403", err)
	}
	// A role of our own: in "view" and its like a controller gathers the rules, and no controllers run.
	role := &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Name: "robot"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"list"}}},
	}
	if _, err := admin.RbacV1().Roles("team").Create(ctx, role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "robot"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "robot"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: "team", Name: "robot"}},
	}
	if _, err := admin.RbacV1().RoleBindings("team").Create(ctx, binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	// The authorizer learns of a grant through an informer.
	err := wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, 10*time.Second, true, func(ctx context.Context) (bool, error) {
		return list(ctx) == nil, nil
	})
	if err != nil {
		t.Errorf("after the grant: %v", list(ctx))
	}
}

func checkBound(t *testing.T, c *cluster.Cluster) {
	ctx, admin := t.Context(), clientFor(t, c)
	serviceAccount(t, c, nil) // makes the namespace
	pod, err := admin.CoreV1().Pods("team").Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "robot-0"},
		Spec: corev1.PodSpec{
			ServiceAccountName: "robot",
			Containers:         []corev1.Container{{Name: "main", Image: "example.invalid/none"}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	review, err := serviceAccount(t, c, pod).AuthenticationV1().SelfSubjectReviews().Create(
		ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	user := review.Status.UserInfo
	if want := "system:serviceaccount:team:robot"; user.Username != want {
		t.Errorf("user = %s, want %s", user.Username, want)
	}
	for key, want := range map[string]string{"pod-name": pod.Name, "pod-uid": string(pod.UID)} {
		if got := user.Extra["authentication.kubernetes.io/"+key]; !slices.Equal(got, []string{want}) {
			t.Errorf("%s = %v, want %s", key, got, want)
		}
	}
}

func serviceAccount(t *testing.T, c *cluster.Cluster, pod *corev1.Pod) kubernetes.Interface {
	t.Helper()
	cfg, err := c.ServiceAccountConfig(t.Context(), "team", "robot", pod)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return client
}
