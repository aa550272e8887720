package leaseapi_test

import (
	"testing"

	"github.com/go-logr/logr"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/klog/v2"

	"github.com/kindred-k8s/kindred/pkg/coordinator/storetest"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

func TestConformance(t *testing.T) {
	klog.SetLogger(logr.Discard())
	storetest.Run(t, func(t *testing.T) (coordinationv1client.LeasesGetter, string) {
		return leaseapi.New().Client(nil), "default"
	})
}
