package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"k8s.io/klog/v2"

	"github.com/kindred-k8s/kindred/test/cluster/bootstrap"
)

const (
	readyTimeout = 2 * time.Minute
	// stopBudget bounds how long the API server, and then etcd, may take to stop. A graceful stop waits for requests
	// and idle connections for up to a minute, which no test wants; what is cut short here is on disk already.
	stopBudget = 500 * time.Millisecond
)

// run prepares the data directory, runs the control plane in it, and removes it, unless told to keep it, on every way
// out. human points at where messages for a person go, because stderr itself is turned over to the log on the way.
func run(o options, stdout io.Writer, human *io.Writer) error {
	ctx, cancel := stopContext(o.stopOnStdinClose)
	defer cancel()
	files, err := prepare(o)
	if err != nil {
		return err
	}
	logFile := o.logFile
	if logFile == "" {
		logFile = files.LogFile()
	}
	if logFile != "-" {
		if *human, err = redirectStderr(logFile); err != nil {
			return err
		}
	}
	tidy := func(failed bool) error {
		if failed && logFile != "-" {
			fmt.Fprintf(*human, "controlplane: the end of the log:\n%s\n", tail(logFile))
		}
		if o.keepData {
			return nil
		}
		return bootstrap.Remove(files.Dir)
	}
	// The API server's way of giving up is klog.Fatal, which runs no deferred function.
	klog.OsExit = func(code int) {
		_ = tidy(ctx.Err() == nil)
		os.Exit(code)
	}
	err = serveUntil(ctx, o, files, logFile, stdout, *human)
	return errors.Join(err, tidy(err != nil && ctx.Err() == nil))
}

// serveUntil starts everything, announces it, and stops it when the context ends.
func serveUntil(ctx context.Context, o options, files *bootstrap.Files, logFile string, stdout, human io.Writer) error {
	began := time.Now()
	// Listening before anything else means that no other process can take the port in between.
	listener, err := net.Listen("tcp", net.JoinHostPort(o.bindAddress, strconv.Itoa(o.securePort)))
	if err != nil {
		return err
	}
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	// Whatever it is bound to, loopback is part of it or it is the address itself.
	server := "https://" + net.JoinHostPort(reachable(o.bindAddress), strconv.Itoa(port))

	store, err := startEtcd(files.EtcdDir(), o.etcdQuota)
	if err != nil {
		return fmt.Errorf("start etcd: %w", err)
	}
	defer within(stopBudget, store.Close)
	etcdURL := "http://" + store.Clients[0].Addr().String()

	args := files.APIServerFlags(etcdURL, bootstrap.Listen{Address: o.bindAddress, Port: port, Whole: o.whole})
	args = append(args, "--v="+strconv.Itoa(o.verbosity))
	args = append(args, o.apiserverArgs...)
	api := startAPIServer(args, listener)
	defer within(stopBudget, api.stop)

	if err := awaitReady(ctx, files, server, api); err != nil {
		return err
	}
	kubeconfig := o.kubeconfig
	if kubeconfig == "" {
		kubeconfig = files.Kubeconfig()
	}
	if err := files.WriteKubeconfig(kubeconfig, server); err != nil {
		return err
	}
	ready := bootstrap.Ready{
		Ready: true, Kubeconfig: kubeconfig, Server: server, Etcd: etcdURL, DataDir: files.Dir, LogFile: logFile,
		PID: os.Getpid(), Seconds: float64(time.Since(began).Milliseconds()) / 1000,
	}
	if err := announce(stdout, ready); err != nil {
		return fmt.Errorf("say that it is ready: %w", err)
	}
	fmt.Fprintf(human, "controlplane: ready after %.1f s; export KUBECONFIG=%s\n", ready.Seconds, kubeconfig)

	select {
	case <-ctx.Done():
		fmt.Fprintf(human, "controlplane: stopping: %s\n", context.Cause(ctx))
		return nil
	case <-api.done:
		return fmt.Errorf("the API server ended: %w", api.err)
	case err := <-store.Err():
		return fmt.Errorf("etcd ended: %w", err)
	}
}

// reachable is the address by which this machine's processes reach what is bound to the address.
func reachable(bound string) string {
	if ip := net.ParseIP(bound); ip != nil && ip.IsUnspecified() {
		return bootstrap.Loopback
	}
	return bound
}

func awaitReady(ctx context.Context, files *bootstrap.Files, server string, api *apiServer) error {
	cfg, err := files.RESTConfig(server)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	go func() {
		select {
		case <-api.done:
			fail(api.err)
		case <-ctx.Done():
		}
	}()
	return bootstrap.WaitReady(ctx, cfg)
}

func prepare(o options) (*bootstrap.Files, error) {
	dir := o.dataDir
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "kindred-controlplane-"); err != nil {
			return nil, err
		}
	}
	if o.kubeconfig != "" {
		if err := os.MkdirAll(filepath.Dir(o.kubeconfig), 0o755); err != nil {
			return nil, err
		}
	}
	return bootstrap.Prepare(dir)
}

// within runs f and waits for it no longer than d.
func within(d time.Duration, f func()) {
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(d):
	}
}
