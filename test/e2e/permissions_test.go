package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// TestNoPermission: a ServiceAccount that may not touch Leases is told what to
// grant, and the same process works once it is granted.
func TestNoPermission(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	kubeconfig := f.write("op-0", f.account(nil))
	f.grantKinds()
	r := f.launch("op-0", nil, "--kubeconfig="+kubeconfig)
	r.says("give the ServiceAccount a Role in namespace")
	r.says("with the verbs get, list, watch, create, update, patch and delete on leases in coordination.k8s.io")
	f.grantLeases()
	f.settle()
	r.says("Works again")
}

// TestPartialPermission: a Role that leaves one kind's Lease out costs that kind
// only, and one that cannot delete costs nothing but tidiness.
func TestPartialPermission(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	config := f.account(nil)
	f.grantKinds()
	// A create cannot be restricted to names, so the Lease exists already.
	vacant := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{
		Name: f.leaseName(database), Labels: lease.ParseShard(database).Labels(f.component),
	}}
	if _, err := plane.client.CoordinationV1().Leases(f.namespace).Create(t.Context(), vacant, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	all := f.kinds
	f.kinds = slices.DeleteFunc(slices.Clone(all), func(kind string) bool { return kind == database })
	f.grantLeases(func(role *rbacv1.Role) {
		allowed := []string{lease.MemberName(f.component, "robot_1")}
		for _, kind := range f.kinds {
			allowed = append(allowed, f.leaseName(kind))
		}
		free, named := role.Rules[0], role.Rules[0]
		free.Verbs = []string{"get", "list", "watch", "create"}
		named.Verbs, named.ResourceNames = []string{"update", "patch"}, allowed
		role.Rules = []rbacv1.PolicyRule{free, named}
	})
	robot := f.join("robot", "robot_1", config)
	f.ownedBy("robot")
	mark := f.journal.mark()
	within(t, settleTimeout, "the log to say what is missing", func(context.Context) error {
		for text := range strings.Lines(readLog(t, robot.log)) {
			if strings.Contains(text, f.leaseName(database)) && strings.Contains(text, "give the ServiceAccount a Role") {
				return nil
			}
		}
		return fmt.Errorf("it does not")
	})
	f.renewed()
	if lines := f.journal.since(mark); len(lines) > 0 {
		t.Errorf("the other kinds were disturbed: %v", lines)
	}

	var role rbacv1.Role
	manifest(t, "leases_role.yaml", &role)
	role.Rules[0].Verbs = slices.DeleteFunc(role.Rules[0].Verbs, func(verb string) bool { return verb == "delete" })
	f.applyRole(&role)
	f.kinds = all
	f.ownedBy("robot")
	if err := robot.stop(); err != nil {
		t.Errorf("Run returned %v", err)
	}
}
