// Package fence tests the server-side fence on a real API server, with the bound
// tokens of real Pods: Pod objects, that is. No kubelet runs them, and the API
// server does not ask.
package fence_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/fence/policy"
	"github.com/kindred-k8s/kindred/test/cluster"
)

// testCluster has the sample operator's kinds.
var testCluster *cluster.Cluster

func TestMain(m *testing.M) {
	if os.Getenv(writerEnv) != "" {
		os.Exit(writer())
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute) // it may have to be compiled
	defer cancel()
	c, err := start(ctx)
	if err != nil {
		return 1, err
	}
	defer func() {
		if stopErr := c.Stop(); err == nil {
			err = stopErr
		}
	}()
	testCluster = c
	client, err := kubernetes.NewForConfig(c.RESTConfig())
	if err != nil {
		return 1, err
	}
	if err := create(ctx, client, policy.LeaseWatch()); err != nil && !apierrors.IsAlreadyExists(err) {
		return 1, err
	}
	return m.Run(), nil
}

// start starts a cluster with the sample operator's kinds.
func start(ctx context.Context) (*cluster.Cluster, error) {
	c, err := cluster.Start(ctx, cluster.Options{})
	if err != nil {
		return nil, err
	}
	if err := sample.InstallCRDs(ctx, c.RESTConfig()); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}
