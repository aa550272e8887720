// Command controlplane is a real Kubernetes control plane in one program: etcd and kube-apiserver, on loopback, ready in
// a few seconds. The tests, the demo and the benchmarks start it; it can be run by hand too, see README.md.
//
// No controllers, no scheduler and no kubelet run: nothing deletes dependents of a deleted object, nothing finishes the
// deletion of a namespace, and Pods stay Pending.
//
// Called by the name etcd or kube-apiserver (by a link, say) it is that program, with all its own flags, so that one
// build can also stand in for a directory of separate executables.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"

	"github.com/kindred-k8s/kindred/test/cluster/bootstrap"
)

func main() {
	switch filepath.Base(os.Args[0]) {
	case "etcd":
		etcdmain.Main(os.Args)
		return
	case "kube-apiserver":
		os.Exit(cli.Run(app.NewAPIServerCommand()))
	}
	opts, err := parse(os.Args[1:], os.Stderr)
	if err != nil {
		os.Exit(2)
	}
	human := io.Writer(os.Stderr)
	if err := run(opts, os.Stdout, &human); err != nil {
		fmt.Fprintln(human, "controlplane:", err)
		os.Exit(1)
	}
}

type options struct {
	dataDir          string
	keepData         bool
	kubeconfig       string
	logFile          string
	bindAddress      string
	securePort       int
	whole            bool
	etcdQuota        int64
	verbosity        int
	stopOnStdinClose bool
	apiserverArgs    []string
}

func parse(args []string, out io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("controlplane", flag.ContinueOnError)
	fs.SetOutput(out)
	fs.StringVar(&o.dataDir, "data-dir", "", "`directory` for etcd's data, keys, log and kubeconfig, empty or used before (default: a new temporary one)")
	fs.BoolVar(&o.keepData, "keep-data", false, "leave the data directory at the end; started on it again, with the same --secure-port, clients go on as before")
	fs.StringVar(&o.kubeconfig, "kubeconfig-out", "", "`file` to write the admin's kubeconfig to (default: kubeconfig in the data directory)")
	fs.StringVar(&o.logFile, "log-file", "", "`file` for the logs of the API server and etcd, - for stderr (default: controlplane.log in the data directory)")
	fs.StringVar(&o.bindAddress, "bind-address", bootstrap.Loopback, "`address` of the API server")
	fs.IntVar(&o.securePort, "secure-port", 0, "`port` of the API server (default: any free one)")
	fs.BoolVar(&o.whole, "whole-cluster", false, "controllers, a scheduler and a kubelet run beside it: Pods are given the ServiceAccount that a controller makes")
	fs.Int64Var(&o.etcdQuota, "etcd-quota-bytes", 0, "size at which etcd refuses more data, in `bytes` (default: etcd's own, 2 GiB)")
	fs.IntVar(&o.verbosity, "v", 0, "log `level` of the API server")
	fs.BoolVar(&o.stopOnStdinClose, "stop-on-stdin-close", false, "stop when stdin reaches its end, as the pipe of a parent process does however that process ends")
	fs.Usage = func() {
		fmt.Fprintf(out, "usage: controlplane [flags] [-- kube-apiserver flags]\n\nflags:\n")
		fs.PrintDefaults()
	}
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	o.apiserverArgs = fs.Args()
	return o, nil
}

func announce(out io.Writer, ready bootstrap.Ready) error {
	return json.NewEncoder(out).Encode(ready)
}
