// Package steer is the commands "kindred move", "rebalance", "pause" and "resume".
//
// They write annotations on ownership Leases (package lease) and nothing else. An
// annotation is advice for the plan of every replica: it takes no Lease from anybody,
// and the owner still drains before it releases.
package steer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	eventsclient "k8s.io/client-go/kubernetes/typed/events/v1"

	"github.com/kindred-k8s/kindred/cmd/kindred/cli"
	"github.com/kindred-k8s/kindred/pkg/inspect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Values of --dry-run.
const (
	dryNone   = "none"
	dryClient = "client"
	dryServer = "server"
)

// longestReason bounds --reason: an Event's note may have 1024 characters, and the
// rest of it names a kind and two Pods.
const longestReason = 400

// options is what the command line says.
type options struct {
	genericiooptions.IOStreams
	config    *genericclioptions.ConfigFlags
	name      string
	component string
	reason    string
	dryRun    string
	to        string
	wait      bool
	timeout   time.Duration
}

// NewCommands makes the commands. name is what the whole program is called.
func NewCommands(name string, streams genericiooptions.IOStreams) []*cobra.Command {
	with := func(of func(*options) *cobra.Command) *cobra.Command {
		o := &options{IOStreams: streams, config: genericclioptions.NewConfigFlags(true), name: name, dryRun: dryNone}
		command := of(o)
		flags := command.Flags()
		o.config.AddFlags(flags)
		flags.StringVar(&o.component, "component", "", "the controller's `name` (default: the only one in the namespace)")
		flags.StringVar(&o.reason, "reason", "", "why, in your `words`: for the Event")
		flags.StringVar(&o.dryRun, "dry-run", o.dryRun, "`none`, client (say what would be done) or server (and let the API server check it)")
		cli.Complete(command, "", o.config, &o.component, cli.Kinds)
		cli.Complete(command, "component", o.config, nil, cli.Components)
		_ = command.RegisterFlagCompletionFunc("dry-run", cobra.FixedCompletions([]string{dryNone, dryClient, dryServer}, cobra.ShellCompDirectiveNoFileComp))
		return command
	}
	return []*cobra.Command{with(newMove), with(newRebalance), with(newPause), with(newResume)}
}

// check says everything that is wrong with the flags, besides further errors.
func (o *options) check(errs ...error) error {
	switch o.dryRun {
	case dryNone, dryClient, dryServer:
	default:
		errs = append(errs, fmt.Errorf("--dry-run is %q: use %s, %s or %s", o.dryRun, dryNone, dryClient, dryServer))
	}
	if o.component != "" {
		if err := lease.ValidateComponent(o.component); err != nil {
			errs = append(errs, fmt.Errorf("--component: %w", err))
		}
	}
	if len(o.reason) > longestReason {
		errs = append(errs, fmt.Errorf("--reason has %d bytes: use at most %d", len(o.reason), longestReason))
	}
	return errors.Join(errs...)
}

// session is one run of a command against an API server.
type session struct {
	*options
	leases coordinationclient.LeasesGetter
	events eventsclient.EventsGetter
	query  inspect.Query
}

func (o *options) connect() (*session, error) {
	config, err := o.config.ToRESTConfig()
	if err != nil {
		return nil, fmt.Errorf("%w: give --kubeconfig or set KUBECONFIG", err)
	}
	s := &session{options: o, query: inspect.Query{Component: o.component}}
	if s.query.Namespace, _, err = o.config.ToRawKubeConfigLoader().Namespace(); err != nil {
		return nil, err
	}
	if s.leases, err = coordinationclient.NewForConfig(config); err != nil {
		return nil, err
	}
	s.events, err = eventsclient.NewForConfig(config)
	return s, err
}

// each makes the change to every kind that was asked for, to as many as can be.
func (s *session) each(ctx context.Context, kinds []inspect.Kind, change func(inspect.Kind) change) error {
	var errs []error
	for _, kind := range kinds {
		errs = append(errs, s.apply(ctx, kind, change(kind)))
	}
	return errors.Join(errs...)
}
