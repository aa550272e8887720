// Package dashboard is the command "kindred dashboard".
package dashboard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"

	"github.com/kindred-k8s/kindred/cmd/kindred/cli"
	"github.com/kindred-k8s/kindred/pkg/inspect"
	"github.com/kindred-k8s/kindred/pkg/observe/page"
)

type options struct {
	*cli.Options
	address string
}

// NewCommand makes the command. name is what the whole program is called.
func NewCommand(name string, streams genericiooptions.IOStreams) *cobra.Command {
	o := &options{Options: cli.NewOptions(name, streams, "text")}
	command := &cobra.Command{
		Use:   "dashboard [-n NAMESPACE | -A] [--component NAME] [--address HOST:PORT]",
		Short: "Serve a page that shows who owns what, for a browser on this computer",
		Long: `Serves a page that shows who owns what: replicas as columns, kinds as tiles,
handovers as they happen, and the last hour, as far as this command has watched it.

It reads Leases with your permissions and writes nothing. The page has no
authentication, so it is on localhost; whoever can reach it there can look.`,
		Example: fmt.Sprintf(`  %[1]s dashboard
  %[1]s dashboard -A --address localhost:9000`, name),
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return o.run(command.Context()) },
	}
	o.Bind(command)
	o.BindAllNamespaces(command)
	command.Flags().StringVar(&o.address, "address", "localhost:8083", "the `address` to serve on; port 0 for any that is free")
	return command
}

func (o *options) run(ctx context.Context) error {
	if err := o.Check(); err != nil {
		return err
	}
	config, query, err := o.Connect()
	if err != nil {
		return err
	}
	client, err := coordinationclient.NewForConfig(config)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", page.Address(o.address))
	if err != nil {
		return fmt.Errorf("--address: %w: choose another, or port 0 for any that is free", err)
	}
	fmt.Fprintf(o.Out, "http://%s\n", listener.Addr())
	return serve(ctx, listener, client, query)
}

// serve returns when ctx is done, or when the Leases cannot be read.
func serve(ctx context.Context, listener net.Listener, client coordinationclient.LeasesGetter, query inspect.Query) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	shown := page.New(page.Options{})
	server := &http.Server{Handler: shown, ReadHeaderTimeout: 5 * time.Second}
	served := make(chan error, 1)
	go func() {
		err := server.Serve(listener)
		if errors.Is(err, http.ErrServerClosed) {
			err = nil
		}
		cancel()
		served <- err
	}()
	err := shown.Run(ctx, client, query)
	_ = server.Close() // every browser is told by the end of its connection
	return errors.Join(err, <-served)
}
