package cluster_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/kindred-k8s/kindred/test/cluster"
)

// ways are the ways in which Start can run a control plane of its own.
var ways = []struct {
	name  string
	setup func(*testing.T)
}{
	{"builtin", func(t *testing.T) { t.Setenv("KUBEBUILDER_ASSETS", "") }},
	{"assets", func(t *testing.T) { t.Setenv("KUBEBUILDER_ASSETS", executables(t)) }},
}

// executables is a directory as envtest makes it. The controlplane program is each of the two when called by its name.
func executables(t *testing.T) string {
	t.Helper()
	binary, err := cluster.Binary(t.Context(), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"etcd", "kube-apiserver"} {
		if err := os.Symlink(binary, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func start(t *testing.T, o cluster.Options) *cluster.Cluster {
	t.Helper()
	t.Setenv("KINDRED_TEST_KUBECONFIG", "")
	c, err := cluster.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func clientFor(t *testing.T, c *cluster.Cluster) kubernetes.Interface {
	t.Helper()
	client, err := kubernetes.NewForConfig(c.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestLife(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			way.setup(t)
			began := time.Now()
			c := start(t, cluster.Options{})
			t.Logf("started in %s", time.Since(began).Round(time.Millisecond))
			client := clientFor(t, c)

			version, err := client.Discovery().ServerVersion()
			if err != nil {
				t.Fatal(err)
			}
			if version.GitVersion != "v1.37.2" || version.Major != "1" || version.Minor != "37" {
				t.Errorf("version = %s, major %s, minor %s", version.GitVersion, version.Major, version.Minor)
			}
			if _, err := client.CoreV1().Namespaces().Get(t.Context(), "default", metav1.GetOptions{}); err != nil {
				t.Errorf("the default namespace: %v", err)
			}

			checkRestart(t, c, client)

			dir, pids := c.Dir(), c.PIDs()
			began = time.Now()
			if err := c.Stop(); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("Stop took %s", took)
			}
			for _, left := range remains(dir, pids) {
				t.Error("left behind:", left)
			}
		})
	}
}

// checkRestart checks that a crash loses neither data nor the clients' way to the server.
func checkRestart(t *testing.T, c *cluster.Cluster, client kubernetes.Interface) {
	t.Helper()
	keep := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "keep"}, Data: map[string]string{"a": "b"}}
	if _, err := client.CoreV1().ConfigMaps("default").Create(t.Context(), keep, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := c.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CoreV1().ConfigMaps("default").Get(t.Context(), "keep", metav1.GetOptions{}); err == nil {
		t.Error("the API server answers although it was killed")
	}
	if err := c.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The client made before the crash: same address, same certificate, same token.
	got, err := client.CoreV1().ConfigMaps("default").Get(t.Context(), "keep", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got.Data["a"] != "b" {
		t.Errorf("data = %v", got.Data)
	}
}

func TestExistingClusterIsLeftAlone(t *testing.T) {
	t.Setenv("KUBEBUILDER_ASSETS", "")
	owner := start(t, cluster.Options{})
	t.Setenv("KINDRED_TEST_KUBECONFIG", owner.Kubeconfig)
	guest, err := cluster.Start(t.Context(), cluster.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := guest.Kill(); !errors.Is(err, cluster.ErrNotOurs) {
		t.Errorf("Kill = %v", err)
	}
	if err := guest.Restart(t.Context()); !errors.Is(err, cluster.ErrNotOurs) {
		t.Errorf("Restart = %v", err)
	}
	if err := guest.Stop(); err != nil {
		t.Errorf("Stop = %v", err)
	}
	if _, err := clientFor(t, owner).Discovery().ServerVersion(); err != nil {
		t.Errorf("after the guest's Stop: %v", err)
	}
}

func TestStartFailsWithTheReason(t *testing.T) {
	t.Setenv("KINDRED_TEST_KUBECONFIG", "")
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			way.setup(t)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			c, err := cluster.Start(ctx, cluster.Options{APIServerArgs: []string{"--no-such-flag"}})
			if err == nil {
				_ = c.Stop()
				t.Fatal("started with a flag that does not exist")
			}
			if !strings.Contains(err.Error(), "no-such-flag") {
				t.Errorf("the error does not say why: %v", err)
			}
		})
	}
}

// remains lists what is left of a cluster.
func remains(dir string, pids []int) []string {
	var left []string
	if _, err := os.Stat(dir); err == nil {
		left = append(left, dir)
	}
	for _, pid := range pids {
		if syscall.Kill(pid, 0) == nil && !zombie(pid) {
			left = append(left, commandOf(pid))
		}
	}
	return left
}
