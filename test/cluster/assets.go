package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/kindred-k8s/kindred/test/cluster/bootstrap"
)

// assetsReady is how long kube-apiserver may take to become ready.
const assetsReady = 2 * time.Minute

// assets runs the executables etcd and kube-apiserver.
type assets struct {
	bin   string
	opts  Options
	files *bootstrap.Files

	etcdPort, peerPort, port int

	etcd, apiserver, guard *child
}

func newAssets(bin string, o Options) (*assets, error) {
	for _, name := range []string{"etcd", "kube-apiserver"} {
		if _, err := exec.LookPath(filepath.Join(bin, name)); err != nil {
			return nil, fmt.Errorf("$KUBEBUILDER_ASSETS has no %s: %w", name, err)
		}
	}
	dir, err := os.MkdirTemp("", "kindred-cluster-")
	if err != nil {
		return nil, err
	}
	a := &assets{bin: bin, opts: o}
	if a.files, err = bootstrap.Prepare(dir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	for _, port := range []*int{&a.etcdPort, &a.peerPort, &a.port} {
		if *port, err = freePort(); err != nil {
			return nil, errors.Join(err, a.stop())
		}
	}
	return a, nil
}

// freePort finds a port that was free a moment ago. Unlike the builtin program, a separate executable cannot be handed
// a listener, so another process might take the port in between; the start then fails.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func (a *assets) start(ctx context.Context) (string, error) {
	if !a.etcd.running() {
		etcd := newChild("etcd", filepath.Join(a.bin, "etcd"),
			a.files.EtcdFlags(a.etcdURL(), "http://127.0.0.1:"+strconv.Itoa(a.peerPort), a.opts.EtcdQuotaBytes)...)
		if err := a.run(etcd); err != nil {
			return "", err
		}
		a.etcd = etcd
	}
	apiserver := newChild("kube-apiserver", filepath.Join(a.bin, "kube-apiserver"),
		append(a.files.APIServerFlags(a.etcdURL(), bootstrap.Listen{Address: bootstrap.Loopback, Port: a.port}), a.opts.APIServerArgs...)...)
	if err := a.run(apiserver); err != nil {
		return "", err
	}
	a.apiserver = apiserver
	if err := a.watch(); err != nil {
		return "", err
	}

	server := "https://127.0.0.1:" + strconv.Itoa(a.port)
	cfg, err := a.files.RESTConfig(server)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, assetsReady)
	defer cancel()
	ctx, cancelEtcd := a.etcd.whileRunning(ctx)
	defer cancelEtcd()
	ctx, cancelAPI := a.apiserver.whileRunning(ctx)
	defer cancelAPI()
	if err := bootstrap.WaitReady(ctx, cfg); err != nil {
		return "", fmt.Errorf("%w; kube-apiserver's last words: %s", err, a.apiserver.stderr.String())
	}
	return a.files.Kubeconfig(), a.files.WriteKubeconfig(a.files.Kubeconfig(), server)
}

func (a *assets) etcdURL() string { return "http://127.0.0.1:" + strconv.Itoa(a.etcdPort) }

// run starts a child that logs to the log file too.
func (a *assets) run(c *child) error {
	path := a.opts.LogFile
	if path == "" {
		path = a.files.LogFile()
	}
	log, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	c.cmd.Stderr = &logged{file: log, tail: &c.stderr}
	if err := c.start(nil); err != nil {
		return err
	}
	go func() { <-c.done; log.Close() }()
	return nil
}

type logged struct {
	file *os.File
	tail *tail
}

func (l *logged) Write(p []byte) (int, error) {
	_, _ = l.tail.Write(p)
	return l.file.Write(p)
}

// guardScript waits for the end of its stdin, which is the end of this process, and then kills what this process would
// have stopped. The executables themselves would never notice.
const guardScript = `cat >/dev/null; kill -9 "$@"; rm -rf "$0"`

// watch starts a guard for the children that run now, in the place of an earlier one: a guard must not outlive a child
// whose process number somebody else may get.
func (a *assets) watch() error {
	a.unwatch()
	args := []string{"-c", guardScript, a.files.Dir}
	for _, c := range []*child{a.etcd, a.apiserver} {
		if c.running() {
			args = append(args, strconv.Itoa(c.cmd.Process.Pid))
		}
	}
	guard := newChild("guard", "/bin/sh", args...)
	// The pipe stays open, unused, for as long as this process lives.
	if _, err := guard.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := guard.start(nil); err != nil {
		return err
	}
	a.guard = guard
	return nil
}

// unwatch kills the guard with its cat, which would otherwise wait on alone.
func (a *assets) unwatch() {
	if a.guard != nil {
		_ = syscall.Kill(-a.guard.cmd.Process.Pid, syscall.SIGKILL)
		<-a.guard.done
		a.guard = nil
	}
}

func (a *assets) kill() error {
	if !a.apiserver.running() {
		return nil
	}
	a.apiserver.kill()
	return a.watch()
}

// stop kills without asking: a graceful stop of kube-apiserver takes up to a minute, and the data is thrown away.
func (a *assets) stop() error {
	a.unwatch()
	for _, c := range []*child{a.apiserver, a.etcd} {
		if c.running() {
			c.kill()
		}
	}
	return bootstrap.Remove(a.files.Dir)
}
