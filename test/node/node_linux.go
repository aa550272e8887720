package node

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kindred-k8s/kindred/test/cluster"
	"github.com/kindred-k8s/kindred/test/cluster/bootstrap"
)

// stopTimeout is how long the processes inside may take to be gone after they were killed.
const stopTimeout = 20 * time.Second

// Options say what is in the cluster.
type Options struct {
	// Images are OCI archives that are imported. One of them must be called PauseImage.
	Images []string
	// APIServerArgs are added to the flags of kube-apiserver.
	APIServerArgs []string
	// Progress is told what goes on; without it, nobody is.
	Progress io.Writer
}

// PauseImage is the image of every Pod's first container, which holds its network. test/node/pause is the program.
const PauseImage = "localhost/kindred/pause:dev"

// Node is a cluster that is ready.
type Node struct {
	// Kubeconfig is the path of the admin's kubeconfig.
	Kubeconfig string
	// Logs is the directory with the logs of all parts. Stop removes it.
	Logs string
	// Kubectl is a command line that is kubectl, of the cluster's version.
	Kubectl []string

	dir   string
	lock  *os.File
	inner *exec.Cmd
	stdin io.Closer
	ended chan struct{} // closed when inner has been waited for
	err   error         // of inner; may be read then
}

// Start returns a cluster whose node is ready. The context bounds the start only. What calls it must call RunIfInner first.
func Start(ctx context.Context, o Options) (_ *Node, err error) {
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	if err := Possible(); err != nil {
		return nil, err
	}
	removed, err := Clean()
	if err != nil {
		return nil, err
	}
	for _, what := range removed {
		fmt.Fprintln(o.Progress, "removed what an earlier run has left:", what)
	}
	plan := inside{Images: o.Images, APIServerArgs: o.APIServerArgs}
	if plan.ControlPlane, err = cluster.Binary(ctx, o.Progress); err != nil {
		return nil, err
	}
	if plan.Node, err = cluster.NodeBinary(ctx, o.Progress); err != nil {
		return nil, err
	}
	n, err := claim()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.Stop())
		}
	}()
	n.Kubectl = []string{plan.Node, "kubectl"}
	plan.Dir = n.dir
	fmt.Fprintln(o.Progress, "starting a Kubernetes node")
	if err := n.launch(ctx, plan); err != nil {
		return nil, err
	}
	fmt.Fprintln(o.Progress, "waiting for the node to be ready")
	return n, n.awaitNode(ctx)
}

// claim makes the directory of a new cluster.
func claim() (*Node, error) {
	dir, err := os.MkdirTemp("", prefix)
	if err != nil {
		return nil, err
	}
	n := &Node{dir: dir, Kubeconfig: filepath.Join(dir, "kubeconfig"), Logs: filepath.Join(dir, "logs")}
	for _, hidden := range hiddenDirs {
		if rel, err := filepath.Rel(hidden, dir); err == nil && filepath.IsLocal(rel) {
			return nil, errors.Join(fmt.Errorf("the directory for temporary files, %s, is in %s: set TMPDIR to another", dir, hidden), os.Remove(dir))
		}
	}
	if err := bootstrap.Claim(dir); err != nil {
		return nil, err
	}
	if err := os.Mkdir(n.Logs, 0o755); err != nil {
		return nil, errors.Join(err, bootstrap.Remove(dir))
	}
	// The lock comes last: without it Clean takes the directory for one that is being made.
	if err := os.WriteFile(filepath.Join(dir, "owner"), fmt.Appendln(nil, os.Getpid()), 0o600); err != nil {
		return nil, errors.Join(err, bootstrap.Remove(dir))
	}
	if n.lock, err = lockDir(dir); err != nil {
		return nil, errors.Join(err, bootstrap.Remove(dir))
	}
	return n, nil
}

// launch starts the first process inside and waits until it says that all parts run.
func (n *Node) launch(ctx context.Context, plan inside) error {
	files, err := bootstrap.Prepare(filepath.Join(n.dir, "controlplane"))
	if err != nil {
		return err
	}
	// A socket belongs to the network in which it was made, whoever accepts from it.
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.ParseIP(bootstrap.Loopback)})
	if err != nil {
		return err
	}
	defer listener.Close()
	passed, err := listener.File()
	if err != nil {
		return err
	}
	defer passed.Close()
	if err := files.WriteKubeconfig(n.Kubeconfig, "https://"+listener.Addr().String()); err != nil {
		return err
	}
	if err := makeCgroups(filepath.Base(n.dir)); err != nil {
		return err
	}
	raw, err := json.Marshal(plan)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(n.Logs, "node.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	inner := exec.Command(self)
	inner.Env = append(os.Environ(), innerEnv+"="+string(raw))
	inner.Stderr = log
	inner.ExtraFiles = []*os.File{passed, n.lock}
	inner.SysProcAttr = &syscall.SysProcAttr{
		Setsid:     true,
		Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS,
	}
	// The pipe is open for as long as this process lives, and its end is the inner one's.
	if n.stdin, err = inner.StdinPipe(); err != nil {
		return err
	}
	stdout, err := inner.StdoutPipe()
	if err != nil {
		return err
	}
	if err := inner.Start(); err != nil {
		return fmt.Errorf("start a process in namespaces of its own: %w", err)
	}
	n.inner, n.ended = inner, make(chan struct{})
	ready := make(chan struct{})
	go func() {
		defer close(n.ended)
		out := bufio.NewReader(stdout)
		if _, err := out.ReadString('\n'); err == nil {
			close(ready)
		}
		_, _ = io.Copy(io.Discard, out)
		n.err = inner.Wait()
	}()
	select {
	case <-ready:
		return nil
	case <-n.ended:
		return fmt.Errorf("the cluster did not start (%w):\n%s", n.err, n.tail())
	case <-ctx.Done():
		return fmt.Errorf("the cluster did not start: %w\n%s", context.Cause(ctx), n.tail())
	}
}

// RESTConfig is the admin's configuration. It has no client-side rate limit.
func (n *Node) RESTConfig() (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", n.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	config.QPS = -1
	return config, nil
}

// Ended is closed when the cluster has ended, whether Stop was called or not.
func (n *Node) Ended() <-chan struct{} { return n.ended }

// Stop ends everything and removes what was made. It does nothing when called again.
func (n *Node) Stop() error {
	if n.lock == nil {
		return nil
	}
	if n.inner != nil {
		_ = n.stdin.Close()
		select {
		case <-n.ended:
		case <-time.After(stopTimeout):
			_ = n.inner.Process.Kill()
			<-n.ended
		}
	}
	err := errors.Join(removeCgroups(filepath.Base(n.dir)), bootstrap.Remove(n.dir), n.lock.Close())
	n.lock = nil
	return err
}

// tail is the end of the log of the process inside.
func (n *Node) tail() string {
	const most = 4096
	raw, err := os.ReadFile(filepath.Join(n.Logs, "node.log"))
	if err != nil {
		return err.Error()
	}
	return string(raw[max(0, len(raw)-most):])
}
