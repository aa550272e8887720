package page

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/test/cluster"
)

// plane is the control plane of this test binary.
var plane struct {
	*cluster.Cluster
	client kubernetes.Interface
	// operator is the sample operator's executable.
	operator string
}

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "page:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if _, err := chromium(); err != nil {
		return 0, err // before minutes are spent on the rest
	}
	dir, err := os.MkdirTemp("", "kindred-page-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	plane.operator = filepath.Join(dir, "sample-operator")
	build := exec.Command("go", "-C", filepath.Join("..", ".."), "build", "-o", plane.operator, "./cmd/sample-operator")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("building the sample operator: %w\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 12*time.Minute) // it may have to be compiled
	defer cancel()
	if plane.Cluster, err = cluster.Start(ctx, cluster.Options{}); err != nil {
		return 0, err
	}
	defer func() {
		if stopErr := plane.Stop(); err == nil {
			err = stopErr
		}
	}()
	config := plane.RESTConfig()
	if plane.client, err = kubernetes.NewForConfig(config); err != nil {
		return 0, err
	}
	if err := sample.InstallCRDs(ctx, config); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

func newNamespace(t *testing.T) string {
	t.Helper()
	made, err := plane.client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "page-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return made.Name
}

// replica is one process of the sample operator.
type replica struct {
	t   *testing.T
	log string
	cmd *exec.Cmd
}

// start starts a replica that serves the page, and ends it with the test.
func start(t *testing.T, namespace, name string) *replica {
	t.Helper()
	r := &replica{t: t, log: filepath.Join(t.TempDir(), name+".log")}
	output, err := os.Create(r.log)
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	r.cmd = exec.Command(plane.operator, "--kubeconfig="+plane.Kubeconfig, "--leader-elect-resource-name=widget-operator", "--pod-name="+name, "--pod-namespace="+namespace,
		"--watch-namespace="+namespace, "--health-bind-address=0", "--page-bind-address=:0",
		"--leader-elect-lease-duration=5s", "--leader-elect-renew-deadline=3s", "--leader-elect-retry-period=1s", "--rebalance-delay=1s")
	r.cmd.Stdout, r.cmd.Stderr = output, output
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.stop)
	return r
}

// stop asks the replica to stop, and waits until it has.
func (r *replica) stop() {
	if r.cmd.ProcessState != nil {
		return
	}
	_ = r.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself, which Wait tells
	if err := r.cmd.Wait(); err != nil {
		text, _ := os.ReadFile(r.log)
		r.t.Errorf("%s: %v\n%s", filepath.Base(r.log), err, text)
	}
}

var served = regexp.MustCompile(`Serving the page.*address="(127\.0\.0\.1:[0-9]+)"`)

// address waits until the replica says where its page is.
func (r *replica) address() string {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		text, err := os.ReadFile(r.log)
		if match := served.FindSubmatch(text); match != nil {
			tick.Stop()
			return "http://" + string(match[1])
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			r.t.Fatalf("the replica does not say where its page is: %v\n%s", err, text)
		}
	}
}
