// Package demo is the command "kindred demo": a control plane, five kinds, five
// replicas as real processes, and a view of who owns what.
package demo

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Options is what the command line says.
type Options struct {
	genericiooptions.IOStreams
	// Program is what to type to run this program, for the commands that are shown.
	Program string
	// Replicas is how many are started.
	Replicas int
	// For is how long the demo lasts; zero means until it is interrupted.
	For time.Duration
	// Output is the format of the final state: table or json.
	Output string
	// Kubeconfig is an existing cluster's, to use instead of a control plane of the
	// demo's own.
	Kubeconfig string
	// Namespace is where the Leases and the sample objects go.
	Namespace string
	// Logs is a directory for the replicas' logs; without one they are removed with
	// everything else.
	Logs string
	// LeaseDuration is the Leases' duration; the other two timings keep their
	// proportion to it.
	LeaseDuration time.Duration
	// Buckets is into how many parts kinds are split, by name.
	Buckets map[string]int
}

const (
	maxReplicas = 50
	// component is what the replicas call themselves.
	component = "sample-operator"
	// objects is how many objects of each kind there are.
	objects = 3
)

var formats = []string{"table", "json"}

// NewCommand makes the command. name is what the whole program is called, and
// program what to type to run it.
func NewCommand(name, program string, streams genericiooptions.IOStreams) *cobra.Command {
	o := Options{IOStreams: streams, Program: program}
	command := &cobra.Command{
		Use:   "demo [--replicas N] [--for DURATION] [-o FORMAT] [--kubeconfig FILE]",
		Short: "Run five replicas of a sample operator and watch them share its kinds",
		Long: `Starts a Kubernetes API server, the resource definitions of a sample operator
with five kinds, some objects, and the operator's replicas as processes, and
shows who owns what until it is interrupted. Then everything is removed.

While it runs, type "add", "stop 2" or "kill 2" and see the kinds change hands;
"help" says more. With --for it ends by itself, and fails unless every kind has
exactly one owner and the kinds are spread evenly.`,
		Example: fmt.Sprintf(`  %[1]s demo
  %[1]s demo --replicas 3 --lease-duration 3s
  %[1]s demo --for 30s -o json`, name),
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := o.complete(); err != nil {
				return err
			}
			return Run(command.Context(), o)
		},
	}
	flags := command.Flags()
	flags.IntVar(&o.Replicas, "replicas", 5, "how many replicas to start")
	flags.DurationVar(&o.For, "for", 0, "end after this time, counted from when the replicas start (default: when interrupted)")
	flags.StringVarP(&o.Output, "output", "o", formats[0], "`format` of the final state: "+strings.Join(formats, ", ")+"; json is the last line on standard output, and all else goes to standard error")
	flags.StringVar(&o.Kubeconfig, "kubeconfig", "", "`file` of an existing cluster to use instead of starting one; $KUBECONFIG is not read")
	flags.StringVarP(&o.Namespace, "namespace", "n", "default", "`namespace` of the Leases and the objects")
	flags.StringToIntVar(&o.Buckets, "buckets", nil, "into how many parts a kind is split, so that several replicas share it, as in Database=3")
	flags.StringVar(&o.Logs, "logs", "", "`directory` for the replicas' logs, kept at the end")
	flags.DurationVar(&o.LeaseDuration, "lease-duration", lease.DefaultLeaseDuration, "how long a Lease lasts; shorter ones make up for a killed replica sooner")
	return command
}

// complete says everything that is wrong with the options.
func (o *Options) complete() error {
	var errs []error
	if o.Replicas < 1 || o.Replicas > maxReplicas {
		errs = append(errs, fmt.Errorf("--replicas is %d: use 1 to %d", o.Replicas, maxReplicas))
	}
	if o.For < 0 {
		errs = append(errs, fmt.Errorf("--for is %v: it must not be negative", o.For))
	}
	if !slices.Contains(formats, o.Output) {
		errs = append(errs, fmt.Errorf("--output is %q: use one of %s", o.Output, strings.Join(formats, ", ")))
	}
	for _, name := range slices.Sorted(maps.Keys(o.Buckets)) {
		if !slices.ContainsFunc(sample.Kinds, func(kind schema.GroupKind) bool { return kind.Kind == name }) {
			errs = append(errs, fmt.Errorf("--buckets names %q, which is none of the sample kinds", name))
		}
		if n := o.Buckets[name]; n < 1 || n > lease.MaxBuckets {
			errs = append(errs, fmt.Errorf("--buckets gives %s %d buckets: use 1 to %d", name, n, lease.MaxBuckets))
		}
	}
	if o.Namespace == "" {
		errs = append(errs, errors.New("--namespace is empty"))
	}
	if err := o.timing().Validate(); err != nil {
		errs = append(errs, fmt.Errorf("--lease-duration: %w", err))
	}
	return errors.Join(errs...)
}

// timing is Kubernetes' own, scaled to the lease duration.
func (o *Options) timing() lease.Timing {
	scale := func(d time.Duration) time.Duration {
		return time.Duration(float64(o.LeaseDuration) * float64(d) / float64(lease.DefaultLeaseDuration))
	}
	return lease.Timing{
		LeaseDuration: o.LeaseDuration,
		RenewDeadline: scale(lease.DefaultRenewDeadline), RetryPeriod: scale(lease.DefaultRetryPeriod),
	}
}
