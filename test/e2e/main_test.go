package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/test/cluster"
)

// plane is the control plane of this test binary. Tests have namespaces of their
// own in it. Those that stop it, or that change the CRDs, must not be parallel.
var plane struct {
	*cluster.Cluster
	config  *rest.Config
	client  kubernetes.Interface
	objects dynamic.Interface
	// operator is the sample operator's executable.
	operator string
	// audit is the file in which the API server notes each request by a service
	// account.
	audit string
}

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "kindred-e2e-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if err := buildOperator(dir); err != nil {
		return 0, err
	}
	// The API server is killed and its CRDs are removed here: nobody's own cluster
	// will do.
	if err := os.Unsetenv("KINDRED_TEST_KUBECONFIG"); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 12*time.Minute) // it may have to be compiled
	defer cancel()
	args, err := auditArgs(dir)
	if err != nil {
		return 0, err
	}
	if plane.Cluster, err = cluster.Start(ctx, cluster.Options{APIServerArgs: args}); err != nil {
		return 0, err
	}
	defer func() {
		if stopErr := plane.Stop(); err == nil {
			err = stopErr
		}
	}()
	plane.config = plane.RESTConfig()
	if plane.client, err = kubernetes.NewForConfig(plane.config); err != nil {
		return 0, err
	}
	if plane.objects, err = dynamic.NewForConfig(plane.config); err != nil {
		return 0, err
	}
	if err := sample.InstallCRDs(ctx, plane.config); err != nil {
		return 0, err
	}
	klog.SetLogger(logr.Discard()) // the plain electors' lines are not about what is tested
	return m.Run(), nil
}

// buildOperator builds the sample operator, with the race detector where there is
// a C compiler, which it needs.
func buildOperator(dir string) error {
	plane.operator = filepath.Join(dir, "sample-operator")
	args := []string{"build", "-o", plane.operator}
	if hasCompiler() {
		args = append(args, "-race")
	}
	build := exec.Command("go", append(args, "../../cmd/sample-operator")...)
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the sample operator: %w\n%s", err, out)
	}
	return nil
}

func hasCompiler() bool {
	out, err := exec.Command("go", "env", "CC").Output()
	if err != nil {
		return false
	}
	_, err = exec.LookPath(string(out[:max(len(out)-1, 0)]))
	return err == nil
}
