package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/kindred-k8s/kindred/pkg/inspect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Options are the flags of a command that reads Leases.
type Options struct {
	genericiooptions.IOStreams
	Config *genericclioptions.ConfigFlags
	// Name is what the whole program is called.
	Name          string
	Component     string
	AllNamespaces bool
	// Output is one of Formats, the first of which is for people.
	Output  string
	Formats []string
}

// NewOptions returns the defaults.
func NewOptions(name string, streams genericiooptions.IOStreams, formats ...string) *Options {
	return &Options{
		IOStreams: streams, Config: genericclioptions.NewConfigFlags(true), Name: name,
		Output: formats[0], Formats: formats,
	}
}

// Bind adds the flags to the command.
func (o *Options) Bind(command *cobra.Command) {
	flags := command.Flags()
	o.Config.AddFlags(flags)
	flags.StringVar(&o.Component, "component", "", "only the controller of this `name` (default: all)")
	if len(o.Formats) > 1 {
		flags.StringVarP(&o.Output, "output", "o", o.Output, "`format`: "+strings.Join(o.Formats, ", "))
		_ = command.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(o.Formats, cobra.ShellCompDirectiveNoFileComp))
	}
	Complete(command, "component", o.Config, nil, Components)
}

// BindAllNamespaces adds the flag for commands that can look everywhere.
func (o *Options) BindAllNamespaces(command *cobra.Command) {
	command.Flags().BoolVarP(&o.AllNamespaces, "all-namespaces", "A", false, "look in all namespaces")
}

// Check says everything that is wrong with the flags, besides further errors.
func (o *Options) Check(errs ...error) error {
	if !slices.Contains(o.Formats, o.Output) {
		errs = append(errs, fmt.Errorf("--output is %q: use one of %s", o.Output, strings.Join(o.Formats, ", ")))
	}
	if o.Component != "" {
		if err := lease.ValidateComponent(o.Component); err != nil {
			errs = append(errs, fmt.Errorf("--component: %w", err))
		}
	}
	return errors.Join(errs...)
}

// Connect returns how to reach the API server, and which Leases are meant.
func (o *Options) Connect() (*rest.Config, inspect.Query, error) {
	query := inspect.Query{Component: o.Component}
	config, err := o.Config.ToRESTConfig()
	if err != nil {
		return nil, query, fmt.Errorf("%w: give --kubeconfig or set KUBECONFIG", err)
	}
	// One read for each replica's Pod must not wait for the default of 5 a second.
	config.QPS, config.Burst = 50, 100
	if !o.AllNamespaces {
		if query.Namespace, _, err = o.Config.ToRawKubeConfigLoader().Namespace(); err != nil {
			return nil, query, err
		}
	}
	return config, query, nil
}

// Encode writes a document for programs if the format is one, and says whether it is.
func (o *Options) Encode(out io.Writer, document any) (bool, error) {
	switch o.Output {
	case "json":
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false) // a command with && is to be read
		return true, encoder.Encode(document)
	case "yaml":
		text, err := yaml.Marshal(document)
		if err != nil {
			return true, err
		}
		_, err = out.Write(text)
		return true, err
	}
	return false, nil
}

// Warn tells of Leases that are not what they should be.
func (o *Options) Warn(snapshot *inspect.Snapshot) {
	for _, problem := range snapshot.Problems {
		fmt.Fprintln(o.ErrOut, "warning:", inspect.Printable(problem))
	}
}

// Nothing says that there is nothing, and where to look for the reason.
func (o *Options) Nothing(query inspect.Query) string {
	place, hint := "any namespace", ""
	if query.Namespace != "" {
		place = fmt.Sprintf("namespace %q", query.Namespace)
		hint = fmt.Sprintf(" Look elsewhere with -n NAMESPACE, or in all namespaces with \"%s owners -A\".", o.Name)
	}
	if query.Component != "" {
		hint += " Leave --component out to see every controller."
	} else {
		hint += " The Leases appear when the first replica of a controller that uses Kindred starts."
	}
	return fmt.Sprintf("There is no Lease with the label %s in %s.%s", query.Selector(), place, hint)
}
