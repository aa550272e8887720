//go:build deploy

package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kindred-k8s/kindred/test/node"
)

// target is the cluster.
var target struct {
	kubeconfig string
	kubectl    []string
	config     *rest.Config
	client     kubernetes.Interface
	objects    dynamic.Interface
	// node is nil for a cluster that was there before.
	node *node.Node
	// audit is the file with the requests of service accounts, if the API server is ours.
	audit string
}

const root = "../.."

// images are what "make e2e" makes before.
var images = []string{root + "/bin/sample-operator.tar", root + "/bin/pause.tar"}

const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  users: ["system:serviceaccount:kindred-sample:sample-operator"]
- level: None
`

func TestMain(m *testing.M) {
	node.RunIfInner()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "deploy:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 25*time.Minute) // Kubernetes may have to be compiled
	defer cancel()
	if target.kubeconfig = os.Getenv("KINDRED_E2E_KUBECONFIG"); target.kubeconfig != "" {
		target.kubectl = []string{"kubectl"}
	} else {
		dir, err := os.MkdirTemp("", "kindred-e2e-")
		if err != nil {
			return 0, err
		}
		defer os.RemoveAll(dir)
		if err := startNode(ctx, dir); err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, target.node.Stop()) }()
	}
	if target.config, err = clientcmd.BuildConfigFromFlags("", target.kubeconfig); err != nil {
		return 0, err
	}
	target.config.QPS = -1
	if target.client, err = kubernetes.NewForConfig(target.config); err != nil {
		return 0, err
	}
	if target.objects, err = dynamic.NewForConfig(target.config); err != nil {
		return 0, err
	}
	code = m.Run()
	if code != 0 && target.node != nil {
		keepLogs()
	}
	return code, nil
}

func startNode(ctx context.Context, dir string) error {
	var archives []string
	for _, image := range images {
		path, err := filepath.Abs(image)
		if err != nil {
			return err
		}
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("%w: make images", err)
		}
		archives = append(archives, path)
	}
	target.audit = filepath.Join(dir, "audit.log")
	policy := filepath.Join(dir, "audit-policy.yaml")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		return err
	}
	var err error
	target.node, err = node.Start(ctx, node.Options{
		Images: archives, Progress: os.Stderr,
		APIServerArgs: []string{"--audit-policy-file=" + policy, "--audit-log-path=" + target.audit},
	})
	if err != nil {
		return err
	}
	target.kubeconfig, target.kubectl = target.node.Kubeconfig, target.node.Kubectl
	return nil
}

// keepLogs prints the end of each part's log, which goes with the node.
func keepLogs() {
	logs, _ := filepath.Glob(filepath.Join(target.node.Logs, "*.log"))
	for _, log := range logs {
		raw, _ := os.ReadFile(log)
		fmt.Fprintf(os.Stderr, "the end of %s:\n%s\n", filepath.Base(log), raw[max(0, len(raw)-3000):])
	}
}

// kubectl runs kubectl and returns what it prints.
func kubectl(ctx context.Context, args ...string) (string, error) {
	args = append(target.kubectl[1:len(target.kubectl):len(target.kubectl)], args...)
	command := exec.CommandContext(ctx, target.kubectl[0], args...)
	command.Env = append(os.Environ(), "KUBECONFIG="+target.kubeconfig)
	command.Dir = root
	var out, said bytes.Buffer
	command.Stdout, command.Stderr = &out, &said
	if err := command.Run(); err != nil {
		return out.String(), fmt.Errorf("kubectl %v: %w: %s", args, err, said.String())
	}
	return out.String(), nil
}

func mustKubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := kubectl(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
