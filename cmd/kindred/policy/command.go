// Package policy is the command "kindred policy".
package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kindred-k8s/kindred/pkg/fence/policy"
)

// formats are the values of --output.
var formats = []string{"yaml", "json"}

// options is what the command line says.
type options struct {
	genericiooptions.IOStreams
	config         *genericclioptions.ConfigFlags
	component      string
	serviceAccount string
	kinds          []string
	areas          []string
	children       []string
	withoutLease   []string
	output         string
}

// NewCommand makes the command. name is what the whole program is called.
func NewCommand(name string, streams genericiooptions.IOStreams) *cobra.Command {
	o := &options{IOStreams: streams, config: genericclioptions.NewConfigFlags(true)}
	command := &cobra.Command{
		Use:   "policy --component NAME -n NAMESPACE --service-account [NAMESPACE/]NAME [--kinds KIND.GROUP,...] [--fence AREA,...]",
		Short: "Print the policies that make the API server refuse writes by replicas that do not own a kind",
		Long: `Prints, for every kind, a ValidatingAdmissionPolicy and its binding, to be applied
by somebody who may. With them the API server refuses a write by the component's
service account from a Pod that does not hold the kind's Lease. Writes by anybody
else are not judged. It takes tokens that are bound to their Pods, as those are that
Kubernetes mounts, and holder identities of the form <Pod name>_<suffix>.

What is fenced:

  status      updating the status subresource
  spec        creating, changing, scaling and deleting the objects
  finalizers  changing the objects' metadata.finalizers
  children    creating, changing and deleting objects of --children that have an
              owner reference to an object of the kind

A kind that has no Lease has no owner. As long as that is so, the API server refuses
everybody's writes to the areas of --refuse-without-lease (it looks for the Lease
before it looks at who is asking), and nobody's to the others.

Take the policies away when you uninstall the component:

  kubectl delete validatingadmissionpolicies,validatingadmissionpolicybindings -l kindred.dev/component=NAME

That leaves "` + policy.WatchName + `", which matches nothing and keeps the API server's
watch of Leases alive: see kubernetes/kubernetes#130887.`,
		Example: fmt.Sprintf(`  %[1]s policy --component widget-operator -n widgets --service-account widget-operator | kubectl apply -f -

  # without a cluster
  %[1]s policy --component widget-operator -n widgets --service-account widgets/widget-operator --kinds Widget.example.com=widgets

  # also what the reconcilers create
  %[1]s policy --component widget-operator -n widgets --service-account widget-operator --fence status,children --children deployments.apps,services`, name),
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return o.run(command.Context()) },
	}
	flags := command.Flags()
	o.config.AddFlags(flags)
	flags.Lookup("namespace").Usage = "the namespace of the component's Leases"
	flags.StringVar(&o.component, "component", "", "the controller's `name`")
	flags.StringVar(&o.serviceAccount, "service-account", "", "the component's service account, as `[namespace/]name`; without a namespace, in that of the Leases")
	flags.StringSliceVar(&o.kinds, "kinds", nil, "`kinds` as Kind.group, or as Kind.group=plural, which asks no API server (default: those of the component's Leases and replicas)")
	flags.StringSliceVar(&o.areas, "fence", []string{string(policy.Status)}, "what to fence: `areas` of "+strings.Join(names(policy.Areas), ", "))
	flags.StringSliceVar(&o.children, "children", nil, "`resources` of the children, as plural.group; implies --fence children")
	flags.StringSliceVar(&o.withoutLease, "refuse-without-lease", nil, `fenced `+"`areas`"+` in which everybody's writes are refused while a kind has no Lease; "" for none (default: status, if it is fenced)`)
	flags.StringVarP(&o.output, "output", "o", formats[0], "`format`: "+strings.Join(formats, ", "))
	_ = command.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	_ = command.RegisterFlagCompletionFunc("fence", cobra.FixedCompletions(names(policy.Areas), cobra.ShellCompDirectiveNoFileComp))
	command.PreRun = func(command *cobra.Command, _ []string) {
		if !command.Flags().Changed("refuse-without-lease") && slices.Contains(o.areas, string(policy.Status)) {
			o.withoutLease = []string{string(policy.Status)}
		}
	}
	return command
}

func (o *options) run(ctx context.Context) error {
	generate, err := o.complete()
	if err != nil {
		return err
	}
	given, err := parseKinds(o.kinds)
	if err != nil {
		return err
	}
	if generate.Kinds, err = o.resolve(ctx, generate, given); err != nil {
		return err
	}
	policies, err := policy.Generate(generate)
	if err != nil {
		return err
	}
	return write(o.Out, append([]policy.Policy{policy.LeaseWatch()}, policies...), o.output)
}

// complete checks what the command line says, all but the kinds.
func (o *options) complete() (policy.Options, error) {
	var errs []error
	if !slices.Contains(formats, o.output) {
		errs = append(errs, fmt.Errorf("--output is %q: use one of %s", o.output, strings.Join(formats, ", ")))
	}
	namespace := *o.config.Namespace
	// The kubeconfig's namespace is no default: with another one than the Leases' the
	// policies would refuse everything.
	if namespace == "" {
		errs = append(errs, errors.New("--namespace is empty: give the namespace of the component's Leases"))
	}
	if o.component == "" {
		errs = append(errs, errors.New("--component is empty: give the controller's name"))
	}
	if o.serviceAccount == "" {
		errs = append(errs, errors.New("--service-account is empty: give the one of the component's Pods"))
	}
	account := types.NamespacedName{Namespace: namespace, Name: o.serviceAccount}
	if before, after, found := strings.Cut(o.serviceAccount, "/"); found {
		account = types.NamespacedName{Namespace: before, Name: after}
	}
	generate := policy.Options{
		Component: o.component, Namespace: namespace, ServiceAccount: account,
		Areas: areas(o.areas), RefuseWithoutLease: areas(o.withoutLease),
	}
	for _, child := range o.children {
		generate.Children = append(generate.Children, schema.ParseGroupResource(child))
	}
	if len(generate.Children) > 0 && !slices.Contains(generate.Areas, policy.Children) {
		generate.Areas = append(generate.Areas, policy.Children)
	}
	return generate, errors.Join(errs...)
}

func areas(names []string) []policy.Area {
	var all []policy.Area
	for _, name := range names {
		if name != "" {
			all = append(all, policy.Area(name))
		}
	}
	return all
}

func names(areas []policy.Area) []string {
	var all []string
	for _, area := range areas {
		all = append(all, string(area))
	}
	return all
}
