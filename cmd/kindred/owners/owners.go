// Package owners is the command "kindred owners".
package owners

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/kindred-k8s/kindred/cmd/kindred/cli"
	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// formats are the values of --output.
var formats = []string{"table", "wide", "json", "yaml", "name"}

// options is what the command line says.
type options struct {
	*cli.Options
	watch bool
	// nodes finds out where replicas run, where the format has that.
	nodes *inspect.Nodes
}

// NewCommand makes the command. name is what the whole program is called.
func NewCommand(name string, streams genericiooptions.IOStreams) *cobra.Command {
	o := &options{Options: cli.NewOptions(name, streams, formats...)}
	command := &cobra.Command{
		Use:   "owners [-n NAMESPACE | -A] [--component NAME] [-o FORMAT] [--watch]",
		Short: "Show which replica owns which kind",
		Long: fmt.Sprintf(`Shows which replica owns which kind, from the Leases alone.

  KIND, GROUP  what is owned
  OWNER        the replica that holds the kind's Lease, normally a Pod
  TERM         the Lease's leaseTransitions: how often the kind has changed hands
  SINCE        how long the owner has held it
  STATE        owned, vacant (nobody holds it), or stale: held, but not renewed for
               longer than the Lease lasts by this computer's clock. Replicas do not
               judge by that; they wait until they have watched it themselves.

When a kind should be with somebody else, and always with -o wide:

  PLANNED      who should own it: the kind is about to move, or has to wait for
               something ("%[1]s explain KIND" says for what)
  REASON       why, or why it stays

And with -o wide:

  NODE         where the owner runs, if you may read its Pod
  BY-HAND      the Pod that the kind was moved to ("%[1]s move"), paused ("%[1]s
               pause"), or both

-o name prints the Leases' names for other commands.`, name),
		Example: fmt.Sprintf(`  %[1]s owners
  %[1]s owners -A -o wide
  %[1]s owners -n widgets --component widget-operator --watch
  %[1]s owners -o json | jq '.kinds[] | select(.state != "owned")'
  kubectl describe $(%[1]s owners -o name)`, name),
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return o.run(command.Context()) },
	}
	o.Bind(command)
	o.BindAllNamespaces(command)
	command.Flags().BoolVarP(&o.watch, "watch", "w", false, "go on: redraw on a terminal, otherwise a line for every change")
	return command
}

func (o *options) run(ctx context.Context) error {
	if err := o.check(); err != nil {
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
	if o.Output != "table" && o.Output != "name" {
		pods, err := corev1client.NewForConfig(config)
		if err != nil {
			return err
		}
		o.nodes = inspect.NewNodes(pods)
	}
	if o.watch {
		return o.follow(ctx, client, query)
	}
	snapshot, err := inspect.Collect(ctx, client, query)
	if err != nil {
		return err
	}
	o.fill(ctx, snapshot)
	o.Warn(snapshot)
	if len(snapshot.Kinds)+len(snapshot.Replicas) == 0 {
		fmt.Fprintln(o.ErrOut, o.Nothing(query))
		if o.Output != "json" && o.Output != "yaml" {
			return nil
		}
	}
	return o.write(o.Out, snapshot, query)
}

func (o *options) check() error {
	if o.watch && o.Output == "name" {
		return o.Check(errors.New("--watch and -o name do not go together: the names do not change"))
	}
	return o.Check()
}

// fill adds the nodes, if they are asked for.
func (o *options) fill(ctx context.Context, snapshot *inspect.Snapshot) {
	if o.nodes != nil {
		snapshot.FillNodes(ctx, o.nodes)
	}
}

// write writes a snapshot in the format.
func (o *options) write(out io.Writer, snapshot *inspect.Snapshot, query inspect.Query) error {
	if done, err := o.Encode(out, snapshot); done {
		return err
	}
	if o.Output == "name" {
		for _, kind := range snapshot.Kinds {
			if kind.UID == "" {
				continue // it has no Lease yet
			}
			if _, err := fmt.Fprintln(out, "lease.coordination.k8s.io/"+kind.Lease); err != nil {
				return err
			}
		}
		return nil
	}
	table := inspect.TableOptions{
		Namespace: query.Namespace == "", Component: snapshot.Components() > 1, Wide: o.Output == "wide", Plan: snapshot.Differs(),
	}
	if err := snapshot.WriteKinds(out, table); err != nil || !table.Wide {
		return err
	}
	if _, err := fmt.Fprintln(out); err != nil {
		return err
	}
	return snapshot.WriteReplicas(out, table)
}
