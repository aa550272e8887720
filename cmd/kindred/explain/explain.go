// Package explain is the command "kindred explain".
package explain

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/kindred-k8s/kindred/cmd/kindred/cli"
	"github.com/kindred-k8s/kindred/pkg/inspect"
)

type options struct{ *cli.Options }

// NewCommand makes the command. name is what the whole program is called.
func NewCommand(name string, streams genericiooptions.IOStreams) *cobra.Command {
	o := &options{cli.NewOptions(name, streams, "text", "json", "yaml")}
	command := &cobra.Command{
		Use:   "explain KIND [-n NAMESPACE] [--component NAME] [-o FORMAT]",
		Short: "Say who owns a kind, who should, and why",
		Long: `Says of one kind who owns it and by what right, who should own it and why, what keeps
it where it is or what it waits for, and how its replicas are loaded.

All of it is read from the Leases, and computed as every replica does for itself. What
a replica keeps to itself is put as something that may be: its rebalance delay, how
many kinds it may hand over at once, whether it has seen that another one's container
has ended.`,
		Example: fmt.Sprintf(`  %[1]s explain Database
  %[1]s explain Database.sample.kindred.dev -n widgets -o json | jq '.held[].reason'`, name),
		RunE: func(command *cobra.Command, texts []string) error { return o.run(command.Context(), texts) },
	}
	o.Bind(command)
	cli.Complete(command, "", o.Config, &o.Component, cli.First(cli.Kinds))
	return command
}

func (o *options) run(ctx context.Context, texts []string) error {
	config, snapshot, kind, err := o.OneKind(ctx, "explain", texts)
	if err != nil {
		return err
	}
	pods, err := corev1client.NewForConfig(config)
	if err != nil {
		return err
	}
	snapshot.FillNodes(ctx, inspect.NewNodes(pods))
	kind, err = snapshot.Find(kind.Name())
	if err != nil {
		return err
	}
	explanation := snapshot.Explain(kind)
	if done, err := o.Encode(o.Out, explanation); done {
		return err
	}
	return explanation.Write(o.Out)
}
