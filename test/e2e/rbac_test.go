package e2e

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/test/cluster/bootstrap"
)

// serviceAccount is the name that the manifests in config/rbac give it.
const serviceAccount = "sample-operator"

// TestShippedRBAC: with the tokens of Pods and exactly the permissions in
// config/rbac nothing is refused, whatever happens to the replicas, and there is no
// permission that nothing needs.
func TestShippedRBAC(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.account(nil)
	f.grantLeases()
	f.grantPods()
	f.grantKinds()
	// A plain elector has left a Lease without labels.
	plain := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: f.leaseName(database)}}
	if _, err := plane.client.CoordinationV1().Leases(f.namespace).Create(t.Context(), plain, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	pods := map[string]*corev1.Pod{}
	for _, name := range names(4) {
		pods[name] = f.launchPod(name, "--fence-policy") // as the Deployment does
		// Where an API server cannot stream a list, clients list.
		f.env = []string{"KUBE_FEATURE_WatchListClient=false"}
	}
	f.settle()
	members, err := f.leases(t.Context(), lease.RoleMember)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range members {
		pod := pods[lease.PodName(*l.Spec.HolderIdentity)]
		if len(l.OwnerReferences) != 1 || l.OwnerReferences[0].UID != pod.UID {
			t.Errorf("member Lease %s is owned by %v, want Pod %s", l.Name, l.OwnerReferences, pod.Name)
		}
	}

	f.stop("op-0")
	f.settle()
	f.kill("op-1")
	f.settle()
	if err := plane.client.CoordinationV1().Leases(f.namespace).Delete(t.Context(), f.leaseName(database), metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	f.settle()
	f.stop(f.names()...)
	f.wantNothingRefused()
	f.wantEveryPermissionUsed()
}

// wantNothingRefused reads the API server's own account of what happened.
func (f *fleet) wantNothingRefused() {
	f.t.Helper()
	counts := map[string]int{}
	for _, r := range requestsBy(f.t, f.user()) {
		counts[r.Verb+" "+r.Object.Resource]++
		if r.Response.Code == 401 || r.Response.Code == 403 {
			f.t.Errorf("the API server answered %d to %+v", r.Response.Code, r)
		}
	}
	f.t.Logf("requests: %v", counts)
}

// wantEveryPermissionUsed checks that each verb on each resource of the Roles is on
// record.
func (f *fleet) wantEveryPermissionUsed() {
	f.t.Helper()
	used := map[string]bool{}
	for _, r := range requestsBy(f.t, f.user()) {
		resource := r.Object.Resource
		if r.Object.Subresource != "" {
			resource += "/" + r.Object.Subresource
		}
		used[r.Verb+" "+resource+" "+r.Object.Group] = true
	}
	var leases, pods rbacv1.Role
	var kinds rbacv1.ClusterRole
	manifest(f.t, "leases_role.yaml", &leases)
	manifest(f.t, "pods_role.yaml", &pods)
	manifest(f.t, "kinds_role.yaml", &kinds)
	for _, rule := range slices.Concat(leases.Rules, pods.Rules, kinds.Rules) {
		for _, verb := range rule.Verbs {
			for _, resource := range rule.Resources {
				if !used[verb+" "+resource+" "+rule.APIGroups[0]] {
					f.t.Errorf("nothing was asked for that needs the verb %s on %s", verb, resource)
				}
			}
		}
	}
}

func (f *fleet) user() string { return "system:serviceaccount:" + f.namespace + ":" + serviceAccount }

// account makes the ServiceAccount and returns a configuration with a token.
func (f *fleet) account(pod *corev1.Pod) *rest.Config {
	f.t.Helper()
	config, err := plane.ServiceAccountConfig(f.t.Context(), f.namespace, serviceAccount, pod)
	if err != nil {
		f.t.Fatal(err)
	}
	return config
}

// launchPod starts a replica with the token of a Pod, as a kubelet would.
func (f *fleet) launchPod(name string, flags ...string) *corev1.Pod {
	f.t.Helper()
	pod, err := plane.client.CoreV1().Pods(f.namespace).Create(f.t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app.kubernetes.io/name": "sample-operator"}},
		Spec: corev1.PodSpec{
			ServiceAccountName: serviceAccount,
			Containers:         []corev1.Container{{Name: "main", Image: "example.invalid/none"}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
	f.launchIn(pod, flags...)
	return pod
}

// launchIn starts a replica in a Pod that is there, as a kubelet does again when the
// one before has ended.
func (f *fleet) launchIn(pod *corev1.Pod, flags ...string) {
	f.t.Helper()
	flags = append(flags, "--kubeconfig="+f.write(pod.Name, f.account(pod)))
	f.launch(pod.Name, []string{"POD_UID=" + string(pod.UID)}, flags...)
}

func (f *fleet) write(name string, config *rest.Config) string {
	f.t.Helper()
	path := filepath.Join(f.dir, name+".kubeconfig")
	if err := bootstrap.WriteKubeconfig(path, config); err != nil {
		f.t.Fatal(err)
	}
	return path
}

// grantLeases applies the Role for Leases in config/rbac.
func (f *fleet) grantLeases(change ...func(*rbacv1.Role)) {
	f.t.Helper()
	var role rbacv1.Role
	var binding rbacv1.RoleBinding
	manifest(f.t, "leases_role.yaml", &role)
	manifest(f.t, "leases_role_binding.yaml", &binding)
	for _, c := range change {
		c(&role)
	}
	f.applyRole(&role)
	binding.Subjects[0].Namespace = f.namespace
	if _, err := plane.client.RbacV1().RoleBindings(f.namespace).Create(f.t.Context(), &binding, metav1.CreateOptions{}); err != nil {
		f.t.Fatal(err)
	}
}

// grantPods applies the Role for Pods in config/rbac.
func (f *fleet) grantPods(change ...func(*rbacv1.Role)) {
	f.t.Helper()
	var role rbacv1.Role
	var binding rbacv1.RoleBinding
	manifest(f.t, "pods_role.yaml", &role)
	manifest(f.t, "pods_role_binding.yaml", &binding)
	for _, c := range change {
		c(&role)
	}
	f.applyRole(&role)
	binding.Subjects[0].Namespace = f.namespace
	if _, err := plane.client.RbacV1().RoleBindings(f.namespace).Create(f.t.Context(), &binding, metav1.CreateOptions{}); err != nil {
		f.t.Fatal(err)
	}
}

// applyRole creates a Role or changes the one of that name.
func (f *fleet) applyRole(role *rbacv1.Role) {
	f.t.Helper()
	roles, ctx := plane.client.RbacV1().Roles(f.namespace), f.t.Context()
	if _, err := roles.Update(ctx, role, metav1.UpdateOptions{}); err == nil {
		return
	}
	if _, err := roles.Create(ctx, role, metav1.CreateOptions{}); err != nil {
		f.t.Fatal(err)
	}
}

// grantKinds applies the ClusterRole for the kinds in config/rbac, under a name of
// this test's own.
func (f *fleet) grantKinds() {
	f.t.Helper()
	var role rbacv1.ClusterRole
	var binding rbacv1.ClusterRoleBinding
	manifest(f.t, "kinds_role.yaml", &role)
	manifest(f.t, "kinds_role_binding.yaml", &binding)
	role.Name += "-" + f.namespace
	binding.Name, binding.RoleRef.Name, binding.Subjects[0].Namespace = role.Name, role.Name, f.namespace
	ctx, client := f.t.Context(), plane.client.RbacV1()
	if _, err := client.ClusterRoles().Create(ctx, &role, metav1.CreateOptions{}); err != nil {
		f.t.Fatal(err)
	}
	if _, err := client.ClusterRoleBindings().Create(ctx, &binding, metav1.CreateOptions{}); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		_ = client.ClusterRoleBindings().Delete(context.Background(), binding.Name, metav1.DeleteOptions{}) // it goes with the cluster
	})
}

// manifest reads a file of config/rbac.
func manifest(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "config", "rbac", file))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "\n---") {
		t.Fatalf("%s has more than one document", file)
	}
	if err := yaml.UnmarshalStrict(text, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
