package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// ErrNotOurs is returned by Kill and Restart for a cluster that Start did not start.
var ErrNotOurs = errors.New("the cluster was not started by this process")

// Options say which cluster to use and how to start one.
type Options struct {
	// Kubeconfig is the path of an existing cluster's kubeconfig. The fields below then mean nothing.
	Kubeconfig string
	// EtcdQuotaBytes is the size at which etcd refuses more data; zero is etcd's own default.
	EtcdQuotaBytes int64
	// APIServerArgs are added to the flags of kube-apiserver.
	APIServerArgs []string
	// LogFile takes the logs of the API server and etcd. Without it they go to a file that Stop removes.
	LogFile string
	// Progress is told about a compilation of the control plane; without it, stderr is.
	Progress io.Writer
}

// Cluster is an API server that is ready.
type Cluster struct {
	// Kubeconfig is the path of the admin's kubeconfig. It stays the same over Kill and Restart.
	Kubeconfig string

	cfg *rest.Config

	mu  sync.Mutex // held while the server is started or stopped
	srv server
}

// server is a control plane that this process can start and stop.
type server interface {
	// start returns when it is ready. The context bounds the start, not the life. After kill it starts again with the
	// same data, port, certificates and tokens.
	start(ctx context.Context) (kubeconfig string, err error)
	// kill ends the API server with SIGKILL and returns when it is gone.
	kill() error
	// etcdURL is where etcd serves clients since the last start.
	etcdURL() string
	// stop ends everything and removes the data.
	stop() error
}

// Start returns a cluster that is ready. The context bounds the start only.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	existing := o.Kubeconfig
	if existing == "" {
		existing = os.Getenv("KINDRED_TEST_KUBECONFIG")
	}
	if existing != "" {
		return load(&Cluster{Kubeconfig: existing})
	}
	srv, err := choose(ctx, o)
	if err != nil {
		return nil, err
	}
	kubeconfig, err := srv.start(ctx)
	if err != nil {
		return nil, errors.Join(err, srv.stop())
	}
	c, err := load(&Cluster{Kubeconfig: kubeconfig, srv: srv})
	if err != nil {
		return nil, errors.Join(err, srv.stop())
	}
	return c, nil
}

func choose(ctx context.Context, o Options) (server, error) {
	if dir := os.Getenv("KUBEBUILDER_ASSETS"); dir != "" {
		return newAssets(dir, o)
	}
	progress := o.Progress
	if progress == nil {
		progress = os.Stderr
	}
	binary, err := Binary(ctx, progress)
	if err != nil {
		return nil, err
	}
	return newBuiltin(binary, o)
}

func load(c *Cluster) (*Cluster, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	cfg.QPS = -1
	c.cfg = cfg
	return c, nil
}

// RESTConfig is a new copy of the admin's configuration. It has no client-side rate limit, which would hide what a test
// wants to see.
func (c *Cluster) RESTConfig() *rest.Config { return rest.CopyConfig(c.cfg) }

// EtcdURL is where etcd serves clients, without TLS, on loopback: for tests that do to it what its operators do. Restart may
// change it. An existing cluster's is not known, and empty.
func (c *Cluster) EtcdURL() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.srv == nil {
		return ""
	}
	return c.srv.etcdURL()
}

// Stop ends the cluster and removes its data. It does nothing to an existing cluster, nor when called again.
func (c *Cluster) Stop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.srv == nil {
		return nil
	}
	return c.srv.stop()
}

// Kill ends the API server with SIGKILL, as a crash does, and returns when it is gone. In the program that has etcd inside
// too, etcd dies with it.
func (c *Cluster) Kill() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.srv == nil {
		return ErrNotOurs
	}
	return c.srv.kill()
}

// Restart kills the API server, unless it is dead already, and starts it again with the same data, port, certificates and
// tokens: configurations made earlier go on working. It returns when the API server is ready.
func (c *Cluster) Restart(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.srv == nil {
		return ErrNotOurs
	}
	if err := c.srv.kill(); err != nil {
		return err
	}
	_, err := c.srv.start(ctx)
	return err
}
