// Command run runs a Kubernetes node on this machine until it is interrupted, with the images that it is given: what
// "make cluster" runs. With --clean it removes what a run has left that was killed, with --check it says whether it could.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/kindred-k8s/kindred/test/node"
)

// startTimeout is long, because Kubernetes may have to be compiled first.
const startTimeout = 30 * time.Minute

func main() {
	node.RunIfInner()
	clean := flag.Bool("clean", false, "remove what a run has left that was killed, and nothing else")
	check := flag.Bool("check", false, "say whether this machine can run a node, and do nothing else")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "usage: run [--check | --clean] [OCI archive...]\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	var err error
	switch {
	case *check:
		err = node.Possible()
	case *clean:
		err = tidy()
	default:
		err = run(ctx, flag.Args())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

func tidy() error {
	removed, err := node.Clean()
	for _, what := range removed {
		fmt.Println("removed", what)
	}
	if len(removed) == 0 && err == nil {
		fmt.Println("nothing is left of an earlier run")
	}
	return err
}

func run(ctx context.Context, images []string) (err error) {
	starting, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	n, err := node.Start(starting, node.Options{Images: images, Progress: os.Stderr})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Stop()) }()
	fmt.Printf("The cluster is ready. In another terminal:\n\n    export KUBECONFIG=%s\n    alias kubectl='%s'   # or your own\n\nThe logs are in %s. Interrupt this (Ctrl-C) to remove it all.\n",
		n.Kubeconfig, strings.Join(n.Kubectl, " "), n.Logs)
	select {
	case <-ctx.Done():
		fmt.Println("removing the cluster")
		return nil
	case <-n.Ended():
		return errors.New("the cluster has ended by itself")
	}
}
