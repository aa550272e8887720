// Package owners is the command "kindred owners".
package owners

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"sigs.k8s.io/yaml"

	"github.com/kindred-k8s/kindred/pkg/inspect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// formats are the values of --output.
var formats = []string{"table", "wide", "json", "yaml"}

// options is what the command line says.
type options struct {
	genericiooptions.IOStreams
	config        *genericclioptions.ConfigFlags
	name          string
	component     string
	output        string
	allNamespaces bool
	watch         bool
}

// NewCommand makes the command. name is what the whole program is called.
func NewCommand(name string, streams genericiooptions.IOStreams) *cobra.Command {
	o := &options{IOStreams: streams, config: genericclioptions.NewConfigFlags(true), name: name, output: formats[0]}
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

And with -o wide:

  BY-HAND      the Pod that the kind was moved to ("%[1]s move"), paused ("%[1]s
               pause"), or both
  PLANNED      who should own it, if that is somebody else: the kind is about to move,
               or has to wait for something, such as the end of a rollout`, name),
		Example: fmt.Sprintf(`  %[1]s owners
  %[1]s owners -A -o wide
  %[1]s owners -n widgets --component widget-operator --watch
  %[1]s owners -o json | jq '.kinds[] | select(.state != "owned")'`, name),
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return o.run(command.Context()) },
	}
	flags := command.Flags()
	o.config.AddFlags(flags)
	flags.StringVar(&o.component, "component", "", "only the controller of this `name` (default: all)")
	flags.BoolVarP(&o.allNamespaces, "all-namespaces", "A", false, "look in all namespaces")
	flags.BoolVarP(&o.watch, "watch", "w", false, "go on: redraw on a terminal, otherwise a line for every change")
	flags.StringVarP(&o.output, "output", "o", o.output, "`format`: "+strings.Join(formats, ", "))
	_ = command.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	return command
}

func (o *options) run(ctx context.Context) error {
	client, query, err := o.connect()
	if err != nil {
		return err
	}
	if o.watch {
		return o.follow(ctx, client, query)
	}
	snapshot, err := inspect.Collect(ctx, client, query)
	if err != nil {
		return err
	}
	o.warn(snapshot)
	if len(snapshot.Kinds)+len(snapshot.Replicas) == 0 {
		fmt.Fprintln(o.ErrOut, nothing(query, o.name))
		if o.output != "json" && o.output != "yaml" {
			return nil
		}
	}
	return write(o.Out, snapshot, query, o.output)
}

// connect checks the flags and makes the client.
func (o *options) connect() (coordinationclient.LeasesGetter, inspect.Query, error) {
	query := inspect.Query{Component: o.component}
	if !slices.Contains(formats, o.output) {
		return nil, query, fmt.Errorf("--output is %q: use one of %s", o.output, strings.Join(formats, ", "))
	}
	if o.component != "" {
		if err := lease.ValidateComponent(o.component); err != nil {
			return nil, query, fmt.Errorf("--component: %w", err)
		}
	}
	config, err := o.config.ToRESTConfig()
	if err != nil {
		return nil, query, fmt.Errorf("%w: give --kubeconfig or set KUBECONFIG", err)
	}
	client, err := coordinationclient.NewForConfig(config)
	if err != nil {
		return nil, query, err
	}
	if !o.allNamespaces {
		if query.Namespace, _, err = o.config.ToRawKubeConfigLoader().Namespace(); err != nil {
			return nil, query, err
		}
	}
	return client, query, nil
}

// warn tells of Leases that are not what they should be.
func (o *options) warn(snapshot *inspect.Snapshot) {
	for _, problem := range snapshot.Problems {
		fmt.Fprintln(o.ErrOut, "warning:", inspect.Printable(problem))
	}
}

// nothing says that there is nothing, and where to look for the reason.
func nothing(query inspect.Query, name string) string {
	place, hint := "any namespace", ""
	if query.Namespace != "" {
		place = fmt.Sprintf("namespace %q", query.Namespace)
		hint = fmt.Sprintf(" Look elsewhere with -n NAMESPACE, or in all namespaces with \"%s owners -A\".", name)
	}
	if query.Component != "" {
		hint += " Leave --component out to see every controller."
	} else {
		hint += " The Leases appear when the first replica of a controller that uses Kindred starts."
	}
	return fmt.Sprintf("There is no Lease with the label %s in %s.%s", query.Selector(), place, hint)
}

// write writes a snapshot in the format.
func write(out io.Writer, snapshot *inspect.Snapshot, query inspect.Query, format string) error {
	switch format {
	case "json":
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(snapshot)
	case "yaml":
		text, err := yaml.Marshal(snapshot)
		if err != nil {
			return err
		}
		_, err = out.Write(text)
		return err
	}
	table := inspect.TableOptions{
		Namespace: query.Namespace == "", Component: snapshot.Components() > 1, Wide: format == "wide",
	}
	if err := snapshot.WriteKinds(out, table); err != nil || !table.Wide {
		return err
	}
	if _, err := fmt.Fprintln(out); err != nil {
		return err
	}
	return snapshot.WriteReplicas(out, table)
}
