package broken

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/test/cluster"
)

// etcdQuota is small enough to be filled in seconds, and much more than everything
// else here needs.
const etcdQuota = 96 << 20

// plane is the control plane, with clients of somebody who may do everything. They
// do not go through a proxy.
var plane struct {
	*cluster.Cluster
	client  kubernetes.Interface
	objects dynamic.Interface
}

func TestMain(m *testing.M) {
	if os.Getenv(orderEnv) != "" {
		os.Exit(runReplica())
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "broken:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	// The API server is killed here and its etcd filled: nobody's own cluster will do.
	if err := os.Unsetenv("KINDRED_TEST_KUBECONFIG"); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute) // it may have to be compiled
	defer cancel()
	if plane.Cluster, err = cluster.Start(ctx, cluster.Options{EtcdQuotaBytes: etcdQuota}); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, plane.Stop()) }()
	if plane.client, err = kubernetes.NewForConfig(plane.RESTConfig()); err != nil {
		return 0, err
	}
	if plane.objects, err = dynamic.NewForConfig(plane.RESTConfig()); err != nil {
		return 0, err
	}
	if err := sample.InstallCRDs(ctx, plane.RESTConfig()); err != nil {
		return 0, err
	}
	return m.Run(), nil
}
