package cluster

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"github.com/kindred-k8s/kindred/test/cluster/bootstrap"
)

// builtin runs the controlplane program. That program notices the end of its stdin, and so the end of this process,
// and then removes its data itself; only between Kill and Restart would the data of a killed parent stay behind.
type builtin struct {
	binary string
	opts   Options
	dir    string
	port   string // empty until the first start has found a free one
	etcd   string // the URL that the last start has announced
	proc   *child
	stdin  io.Closer
}

func newBuiltin(binary string, o Options) (*builtin, error) {
	dir, err := os.MkdirTemp("", "kindred-cluster-")
	if err != nil {
		return nil, err
	}
	return &builtin{binary: binary, opts: o, dir: dir}, bootstrap.Claim(dir)
}

func (b *builtin) args() []string {
	args := []string{"--stop-on-stdin-close", "--data-dir", b.dir}
	if b.port != "" {
		args = append(args, "--secure-port", b.port)
	}
	if b.opts.EtcdQuotaBytes != 0 {
		args = append(args, "--etcd-quota-bytes", strconv.FormatInt(b.opts.EtcdQuotaBytes, 10))
	}
	if b.opts.LogFile != "" {
		args = append(args, "--log-file", b.opts.LogFile)
	}
	args = append(args, "--")
	return append(args, b.opts.APIServerArgs...)
}

func (b *builtin) start(ctx context.Context) (string, error) {
	// A killed predecessor left its data; the program accepts the directory because of the mark in it. The directory
	// may also be gone, when the predecessor ended in order.
	if err := bootstrap.Claim(b.dir); err != nil {
		return "", err
	}
	proc := newChild(filepath.Base(b.binary), b.binary, b.args()...)
	stdin, err := proc.cmd.StdinPipe()
	if err != nil {
		return "", err
	}
	stdout, err := proc.cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	line := make(chan []byte, 1)
	if err := proc.start(func() {
		// Up to its end, because waiting closes the pipe. The line arrives long before that.
		r := bufio.NewReader(stdout)
		if first, err := r.ReadBytes('\n'); err == nil {
			line <- first
		}
		_, _ = io.Copy(io.Discard, r)
	}); err != nil {
		return "", err
	}
	b.proc, b.stdin = proc, stdin

	var ready bootstrap.Ready
	select {
	case raw := <-line:
		if err := json.Unmarshal(raw, &ready); err != nil || !ready.Ready {
			proc.kill()
			return "", fmt.Errorf("%s printed %q, not that it is ready", proc.name, raw)
		}
	case <-proc.done:
		return "", proc.failure()
	case <-ctx.Done():
		proc.kill()
		return "", fmt.Errorf("start the control plane: %w", context.Cause(ctx))
	}
	at, err := url.Parse(ready.Server)
	if err != nil {
		proc.kill()
		return "", err
	}
	b.port, b.etcd = at.Port(), ready.Etcd
	return ready.Kubeconfig, nil
}

func (b *builtin) etcdURL() string { return b.etcd }

func (b *builtin) kill() error {
	if b.proc.running() {
		b.proc.kill()
	}
	return nil
}

func (b *builtin) stop() error {
	if b.proc.running() {
		b.proc.end(func() { _ = b.stdin.Close() })
	}
	return bootstrap.Remove(b.dir)
}
