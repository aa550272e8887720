package fence_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	utilrand "k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/fence/policy"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/test/cluster"
)

const component = "widget-operator"

// world is one component in a namespace of its own, with one kind and one object
// of it.
type world struct {
	t         *testing.T
	cluster   *cluster.Cluster
	namespace string
	kind      schema.GroupKind
	resource  schema.GroupVersionResource
	// lease is the name of the kind's Lease, and object that of its object.
	lease, object string
	admin         *client // a person: somebody who may do everything
}

// client is somebody's way to the API server.
type client struct {
	kubernetes.Interface
	dynamic dynamic.Interface
	// objects are those of the world's kind.
	objects dynamic.ResourceInterface
	config  *rest.Config
	pod     *corev1.Pod // nil for who is none
}

func newWorld(t *testing.T, kind string) *world {
	t.Helper()
	return newWorldIn(t, testCluster, kind)
}

func newWorldIn(t *testing.T, c *cluster.Cluster, kind string) *world {
	t.Helper()
	w := &world{t: t, cluster: c, namespace: strings.ToLower(t.Name()) + "-" + utilrand.String(5)}
	w.admin = w.client(c.RESTConfig())
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}}
	if _, err := w.admin.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := sample.CreateSamples(t.Context(), c.RESTConfig(), w.namespace, 1); err != nil {
		t.Fatal(err)
	}
	w.grant("robot")
	return w.with(kind)
}

// with is the same component with another of its kinds.
func (w *world) with(kind string) *world {
	w.t.Helper()
	other := *w
	other.kind = schema.GroupKind{Group: sample.Group, Kind: kind}
	other.resource = sample.GVR(other.kind)
	other.object = strings.ToLower(kind) + "-1"
	var err error
	if other.lease, err = lease.ShardOf(other.kind).Name(component); err != nil {
		w.t.Fatal(err)
	}
	other.admin = other.client(w.cluster.RESTConfig())
	return &other
}

// of is the same somebody with this world's kind.
func (w *world) of(c *client) *client {
	w.t.Helper()
	other := w.client(c.config)
	other.pod = c.pod
	return other
}

func (w *world) client(config *rest.Config) *client {
	w.t.Helper()
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		w.t.Fatal(err)
	}
	untyped, err := dynamic.NewForConfig(config)
	if err != nil {
		w.t.Fatal(err)
	}
	return &client{Interface: typed, config: config, dynamic: untyped, objects: untyped.Resource(w.resource).Namespace(w.namespace)}
}

// grant lets a service account do everything in the namespace, so that nothing but
// the fence stands in its way.
func (w *world) grant(account string) {
	w.t.Helper()
	role := &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Name: account},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}}},
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: account},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: account},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: w.namespace, Name: account}},
	}
	if _, err := w.admin.RbacV1().Roles(w.namespace).Create(w.t.Context(), role, metav1.CreateOptions{}); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.admin.RbacV1().RoleBindings(w.namespace).Create(w.t.Context(), binding, metav1.CreateOptions{}); err != nil {
		w.t.Fatal(err)
	}
}

// pod returns a client with the bound token of a new Pod.
func (w *world) pod(account, name string) *client {
	w.t.Helper()
	w.account(account) // makes it
	pod, err := w.admin.CoreV1().Pods(w.namespace).Create(w.t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PodSpec{
			ServiceAccountName: account,
			Containers:         []corev1.Container{{Name: "main", Image: "example.invalid/none"}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	config, err := w.cluster.ServiceAccountConfig(w.t.Context(), w.namespace, account, pod)
	if err != nil {
		w.t.Fatal(err)
	}
	c := w.client(config)
	c.pod = pod
	w.eventually("the authorizer knows of the grant", func() error { return w.write(c, "granted") })
	return c
}

// account returns a client with a token that is bound to no Pod.
func (w *world) account(name string) *client {
	w.t.Helper()
	config, err := w.cluster.ServiceAccountConfig(w.t.Context(), w.namespace, name, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.client(config)
}

// write writes a status, blindly: no resourceVersion protects what is there.
func (w *world) write(c *client, phase string) error {
	return w.patch(c, map[string]any{"status": map[string]any{"phase": phase}}, "status")
}

func (w *world) patch(c *client, change map[string]any, subresource ...string) error {
	body, err := json.Marshal(change)
	if err != nil {
		w.t.Fatal(err)
	}
	_, err = c.objects.Patch(w.t.Context(), w.object, types.MergePatchType, body, metav1.PatchOptions{}, subresource...)
	return err
}

// read returns the object.
func (w *world) read() *unstructured.Unstructured {
	w.t.Helper()
	object, err := w.admin.objects.Get(w.t.Context(), w.object, metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return object
}

// give makes somebody the holder of the kind's Lease, as a takeover does.
func (w *world) give(holder string) {
	w.t.Helper()
	leases := w.admin.CoordinationV1().Leases(w.namespace)
	now := ptr.To(metav1.NewMicroTime(time.Now()))
	l, err := leases.Get(w.t.Context(), w.lease, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = leases.Create(w.t.Context(), &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Name: w.lease, Labels: lease.ShardOf(w.kind).Labels(component)},
			Spec: coordinationv1.LeaseSpec{
				HolderIdentity: &holder, LeaseDurationSeconds: ptr.To[int32](15),
				LeaseTransitions: ptr.To[int32](0), AcquireTime: now, RenewTime: now,
			},
		}, metav1.CreateOptions{})
	} else if err == nil {
		l.Spec.HolderIdentity, l.Spec.AcquireTime, l.Spec.RenewTime = &holder, now, now
		*l.Spec.LeaseTransitions++
		_, err = leases.Update(w.t.Context(), l, metav1.UpdateOptions{})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// install installs the policies until the end of the test.
func (w *world) install(change ...func(*policy.Options)) {
	w.t.Helper()
	o := policy.Options{
		Component: component, Namespace: w.namespace,
		ServiceAccount:     types.NamespacedName{Namespace: w.namespace, Name: "robot"},
		Kinds:              []policy.Kind{{GroupKind: w.kind, Resource: w.resource.Resource}},
		Areas:              []policy.Area{policy.Status},
		RefuseWithoutLease: []policy.Area{policy.Status},
	}
	for _, c := range change {
		c(&o)
	}
	all, err := policy.Generate(o)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range all {
		w.t.Cleanup(func() { w.uninstall(p.Policy.Name) })
		if err := create(w.t.Context(), w.admin, p); err != nil {
			w.t.Fatal(err)
		}
	}
}

// create creates a policy and its binding.
func create(ctx context.Context, c kubernetes.Interface, p policy.Policy) error {
	api := c.AdmissionregistrationV1()
	if _, err := api.ValidatingAdmissionPolicies().Create(ctx, p.Policy, metav1.CreateOptions{}); err != nil {
		return err
	}
	_, err := api.ValidatingAdmissionPolicyBindings().Create(ctx, p.Binding, metav1.CreateOptions{})
	return err
}

// uninstall takes a policy away, unless that has been done.
func (w *world) uninstall(name string) {
	api := w.admin.AdmissionregistrationV1()
	for _, err := range []error{
		api.ValidatingAdmissionPolicyBindings().Delete(context.Background(), name, metav1.DeleteOptions{}),
		api.ValidatingAdmissionPolicies().Delete(context.Background(), name, metav1.DeleteOptions{}),
	} {
		if err != nil && !apierrors.IsNotFound(err) {
			w.t.Error(err)
		}
	}
}

// eventually tries until there is no error: the API server learns of Leases,
// policies and grants through informers.
func (w *world) eventually(what string, try func() error) {
	w.t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(w.t.Context(), 20*time.Millisecond, 20*time.Second, true, func(context.Context) (bool, error) {
		last = try()
		return last == nil, nil
	})
	if err != nil {
		w.t.Fatalf("%s: %v", what, last)
	}
}
