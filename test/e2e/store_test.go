package e2e

import (
	"fmt"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"

	"github.com/kindred-k8s/kindred/pkg/coordinator/storetest"
	"github.com/kindred-k8s/kindred/pkg/kubelease"
)

// TestStoreConformance holds the real API server to what the in-memory one is
// held to (pkg/sim/leaseapi, TestConformance).
func TestStoreConformance(t *testing.T) {
	var count atomic.Int32
	storetest.Run(t, func(t *testing.T) (coordinationv1client.LeasesGetter, string) {
		name := fmt.Sprintf("conformance-%d", count.Add(1))
		_, err := plane.client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		client, err := kubelease.NewClient(plane.config)
		if err != nil {
			t.Fatal(err)
		}
		return client, name
	})
}
