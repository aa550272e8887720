// Command build compiles the test control plane into bin/controlplane, unless that is up to date, and prints its path.
// It is what "make build" runs. With --node it is bin/node, which only a cluster with a node needs.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/kindred-k8s/kindred/test/cluster"
)

func main() {
	node := flag.Bool("node", false, "compile the node program instead")
	flag.Parse()
	compiled := cluster.Binary
	if *node {
		compiled = cluster.NodeBinary
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	path, err := compiled(ctx, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
	fmt.Println(path)
}
