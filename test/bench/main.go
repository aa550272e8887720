package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/kindred-k8s/kindred/test/bench/measure"
	"github.com/kindred-k8s/kindred/test/bench/replica"
)

func main() {
	replica.Main() // does not return in a replica
	var o options
	var names []string
	for _, m := range measure.All {
		names = append(names, m.Name)
	}
	flag.StringVar(&o.only, "only", "", "measure only these: "+strings.Join(names, ", "))
	flag.StringVar(&o.systems, "systems", "", "measure only these systems, by the names in the tables; nothing is kept")
	flag.BoolVar(&o.quick, "short", false, "only show that it runs: short windows and timings, nothing is kept")
	flag.StringVar(&o.results, "results", "results.json", "where results are kept")
	flag.StringVar(&o.docs, "docs", "../../docs", "where benchmarks.md and images are")
	flag.StringVar(&o.profile, "profile", "", "a directory for CPU and heap profiles of replicas that are asked for a report")
	flag.Parse()
	// A second interrupt ends it at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	if err := o.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
