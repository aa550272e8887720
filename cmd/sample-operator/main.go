// Command sample-operator reconciles five kinds of pretended cloud resources and
// shares them among its replicas with Kindred. Start several with one component
// name and different names, and kill some.
package main

import (
	"context"
	goflag "flag"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
)

func main() {
	if err := command(os.Getenv).ExecuteContext(untilSignal()); err != nil {
		klog.Flush()
		os.Exit(1)
	}
	klog.Flush()
}

// untilSignal returns a context that SIGINT and SIGTERM cancel. A second signal
// ends the process at once.
func untilSignal() context.Context {
	ctx, reset := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, reset)
	return ctx
}

func command(getenv func(string) string) *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "sample-operator",
		Short: "Reconcile five sample kinds, shared among the replicas with Kindred",
		Args:  cobra.NoArgs,
		// An error that comes after the flags were read is not about how to use them.
		SilenceUsage: true,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.complete(); err != nil {
				return err
			}
			return run(c.Context(), o)
		},
	}
	o.bind(c.Flags(), getenv)
	logging := goflag.NewFlagSet("klog", goflag.ContinueOnError)
	klog.InitFlags(logging)
	c.Flags().AddGoFlag(logging.Lookup("v"))
	return c
}
