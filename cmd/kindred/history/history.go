// Package history is the command "kindred history".
package history

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	eventsclient "k8s.io/client-go/kubernetes/typed/events/v1"

	"github.com/kindred-k8s/kindred/cmd/kindred/cli"
	"github.com/kindred-k8s/kindred/pkg/inspect"
)

type options struct{ *cli.Options }

// NewCommand makes the command. name is what the whole program is called.
func NewCommand(name string, streams genericiooptions.IOStreams) *cobra.Command {
	o := &options{cli.NewOptions(name, streams, "table", "wide", "json", "yaml")}
	command := &cobra.Command{
		Use:   "history KIND [-n NAMESPACE] [--component NAME] [-o FORMAT]",
		Short: "Show who owned a kind when, and why it moved",
		Long: `Shows the terms of one kind, the oldest first, from the Events about its Lease.

  OWNER, TERM  who owned it, and the Lease's leaseTransitions in that term
  FROM, HELD   since when, by the owner's clock, and for how long
  ENDED        why the term ended: one of the reasons that logs have in words; Expired,
               when the owner said no word; "(not told)", when there is no Event about it
  NEXT         who was to have it then, where the owner knew
  GAP-BEFORE   for how long nobody had it before, as the new owner saw it

And with -o wide the end of the term, the whole identity, the token, and what the Event
says about the end.

Events are there when the controller makes them (pkg/observe/events), and for as long
as the API server keeps them: an hour, unless it was told otherwise.`,
		Example: fmt.Sprintf(`  %[1]s history Database
  %[1]s history Database -n widgets -o json | jq '.terms[] | select(.ended != "Moved")'`, name),
		RunE: func(command *cobra.Command, texts []string) error { return o.run(command.Context(), texts) },
	}
	o.Bind(command)
	cli.Complete(command, "", o.Config, &o.Component, cli.First(cli.Kinds))
	return command
}

func (o *options) run(ctx context.Context, texts []string) error {
	config, _, kind, err := o.OneKind(ctx, "history", texts)
	if err != nil {
		return err
	}
	events, err := eventsclient.NewForConfig(config)
	if err != nil {
		return err
	}
	history, err := inspect.CollectHistory(ctx, events, kind)
	if err != nil {
		return err
	}
	if done, err := o.Encode(o.Out, history); done {
		return err
	}
	if len(history.Terms) == 0 {
		fmt.Fprintf(o.ErrOut, "Nobody owns %s, and there is no Event about it: the controller makes none, or they are too old.\n", kind.Name())
		return nil
	}
	return history.Write(o.Out, o.Output == "wide")
}
