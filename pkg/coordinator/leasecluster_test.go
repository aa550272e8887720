package coordinator_test

import (
	"context"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// A member Lease is owned by its Pod only in the Pod's cluster. In another one the
// garbage collector would find no such Pod, and delete it.
func TestMemberLeaseInAnotherClusterHasNoOwner(t *testing.T) {
	for name, elsewhere := range map[string]*rest.Config{"here": nil, "in another cluster": {}} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				f := newFleet(t)
				r := f.add("op-0", []string{"Queue"}, func(o *coordinator.Options) {
					o.PodNamespace, o.PodUID, o.Pods, o.LeaseConfig = "default", "1234", coordinator.NoPods, elsewhere
				})
				time.Sleep(5 * time.Second)
				l, err := f.api.Client(nil).Leases("default").Get(context.Background(), lease.MemberName("op", r.Identity()), metav1.GetOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if owned := len(l.OwnerReferences) == 1; owned != (elsewhere == nil) {
					t.Errorf("the owners are %v", l.OwnerReferences)
				}
			})
		})
	}
}
