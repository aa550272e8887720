package broken

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

const (
	// perSystem is how many replicas each system has.
	perSystem = 3
	// account is the service account of each system's Pods.
	account = "writer"
)

// fleet is one system in a namespace of its own.
type fleet struct {
	t         *testing.T
	system    string
	namespace string
	replicas  []*replica
	histories map[schema.GroupKind]*history
}

// newFleet returns one that does not run, with objects, Pods, their bound tokens and
// their rights: nothing but the fence is to stand in the way of a write.
func newFleet(t *testing.T, system string, histories map[schema.GroupKind]*history) *fleet {
	t.Helper()
	ctx := t.Context()
	namespace, err := plane.client.CoreV1().Namespaces().Create(ctx,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "broken-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{t: t, system: system, namespace: namespace.Name, histories: histories}
	if err := sample.CreateSamples(ctx, plane.RESTConfig(), f.namespace, perKind); err != nil {
		t.Fatal(err)
	}
	f.grant()
	dir := t.TempDir()
	for i := range perSystem {
		pod, err := plane.client.CoreV1().Pods(f.namespace).Create(ctx, f.pod(i), metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		config, err := plane.ServiceAccountConfig(ctx, f.namespace, account, pod)
		if err != nil {
			t.Fatal(err)
		}
		f.replicas = append(f.replicas, newReplica(t, dir, system, f.namespace, pod.Name, config))
	}
	t.Cleanup(f.end)
	return f
}

func (f *fleet) pod(i int) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("writer-%d", i)},
		Spec: corev1.PodSpec{
			ServiceAccountName: account,
			Containers:         []corev1.Container{{Name: "main", Image: "example.invalid/none"}},
		},
	}
}

// grant makes the service account and lets it do everything in the namespace.
func (f *fleet) grant() {
	f.t.Helper()
	if _, err := plane.ServiceAccountConfig(f.t.Context(), f.namespace, account, nil); err != nil {
		f.t.Fatal(err)
	}
	role := &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Name: account},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}}},
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: account},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: account},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: f.namespace, Name: account}},
	}
	if _, err := plane.client.RbacV1().Roles(f.namespace).Create(f.t.Context(), role, metav1.CreateOptions{}); err != nil {
		f.t.Fatal(err)
	}
	if _, err := plane.client.RbacV1().RoleBindings(f.namespace).Create(f.t.Context(), binding, metav1.CreateOptions{}); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fleet) start() {
	for _, r := range f.replicas {
		r.start()
	}
}

// end kills all replicas for good.
func (f *fleet) end() {
	for _, r := range f.replicas {
		r.end()
		if f.t.Failed() {
			f.t.Logf("%s, the end of the log of %s:\n%s", f.system, r.pod, r.said())
		}
	}
}

// exits counts the processes that have ended by exit code 75 so far.
func (f *fleet) exits() int {
	n := 0
	for _, r := range f.replicas {
		n += r.exits()
	}
	return n
}

// tenures returns who holds each kind's Lease, in which term.
func (f *fleet) tenures(ctx context.Context) (map[schema.GroupKind]tenure, error) {
	all := map[schema.GroupKind]tenure{}
	for _, kind := range kinds {
		name, err := lease.ShardOf(kind).Name(component)
		if err != nil {
			return nil, err
		}
		l, err := plane.client.CoordinationV1().Leases(f.namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		if l.Spec.HolderIdentity == nil || *l.Spec.HolderIdentity == "" || l.Spec.LeaseTransitions == nil {
			return nil, fmt.Errorf("%s: nobody holds %s", f.system, name)
		}
		all[kind] = tenure{*l.Spec.HolderIdentity, int(*l.Spec.LeaseTransitions)}
	}
	return all, nil
}

// owner returns the replica that holds the Lease of a kind.
func (f *fleet) owner(ctx context.Context, kind schema.GroupKind) (*replica, error) {
	tenures, err := f.tenures(ctx)
	if err != nil {
		return nil, err
	}
	pod := lease.PodName(tenures[kind].writer)
	i := slices.IndexFunc(f.replicas, func(r *replica) bool { return r.pod == pod })
	if i < 0 {
		return nil, fmt.Errorf("%s: %s is nobody's", f.system, kind)
	}
	return f.replicas[i], nil
}

// calm returns nil when each kind has been written since a time by nobody but the
// holder of its Lease in its term, and the split is as it will stay.
func (f *fleet) calm(ctx context.Context, since time.Time) error {
	tenures, err := f.tenures(ctx)
	if err != nil {
		return err
	}
	pods := map[string]bool{}
	for _, kind := range kinds {
		recent := f.since(kind, since)
		if len(recent) == 0 {
			return fmt.Errorf("%s: %s is not written", f.system, kind.Kind)
		}
		pods[lease.PodName(tenures[kind].writer)] = true
		for _, v := range recent {
			if (tenure{v.writer, v.term}) != tenures[kind] {
				return fmt.Errorf("%s: %s is written by %s in term %d, and held by %s", f.system, kind.Kind, v.writer, v.term, tenures[kind].writer)
			}
		}
	}
	// Kindred moves kinds until the split is even.
	if f.system != plain && len(pods) < min(len(kinds), perSystem) {
		return fmt.Errorf("%s: the split is not even: %v", f.system, tenures)
	}
	return nil
}

// since returns the versions of a kind that were seen after a time.
func (f *fleet) since(kind schema.GroupKind, when time.Time) []version {
	all := f.histories[kind].of(f.namespace)
	i := len(all)
	for i > 0 && all[i-1].seen.After(when) {
		i--
	}
	return all[i:]
}
