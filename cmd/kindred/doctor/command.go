package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kindred-k8s/kindred/cmd/kindred/cli"
	"github.com/kindred-k8s/kindred/cmd/kindred/screen"
)

// ExitError is an exit code that is worth no further line: the report has said all.
type ExitError struct{ Code int }

func (e *ExitError) Error() string { return fmt.Sprintf("exit code %d", e.Code) }

type options struct {
	*cli.Options
	account string
	watch   time.Duration
	skip    []string
}

// NewCommand makes the command. name is what the whole program is called. Its error is
// an *ExitError when the report has been written.
func NewCommand(name string, streams genericiooptions.IOStreams) *cobra.Command {
	o := &options{Options: cli.NewOptions(name, streams, "text", "json", "yaml")}
	command := &cobra.Command{
		Use:   "doctor [-n NAMESPACE | -A] [--component NAME] [-o FORMAT]",
		Short: "Look for what is wrong, and say how to mend it",
		Long: `Looks at the Leases, at who renews them, and at what they need, and tells what is
wrong, each with what to do about it. It watches the Leases for --for and changes
nothing.

` + about() + `
Exit codes, for scripts:

  0  nothing was found; what is only worth knowing (info) does not count
  1  errors or warnings were found
  2  nothing was found, but not everything could be looked at; or the Leases could
     not be read at all

A check that this user may not make is said to be not looked at; --skip leaves it out.
For "rbac" that takes the permission to create subjectaccessreviews, or --as.`,
		Example: fmt.Sprintf(`  %[1]s doctor
  %[1]s doctor -A --for 30s
  %[1]s doctor -n widgets --component widget-operator -o json | jq -r '.findings[].fix'
  %[1]s doctor -n widgets --as system:serviceaccount:widgets:widget-operator --skip names,policies`, name),
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return o.run(command.Context()) },
	}
	// A flag that is wrong is no finding.
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return couldNotLook{err} })
	o.Bind(command)
	o.BindAllNamespaces(command)
	flags := command.Flags()
	flags.StringVar(&o.account, "service-account", "", "the replicas' ServiceAccount, as `[namespace/]name` (default: that of their Pods)")
	flags.DurationVar(&o.watch, "for", 5*time.Second, "how long to watch the Leases; 0 for not at all")
	flags.StringSliceVar(&o.skip, "skip", nil, "`checks` to leave out: "+strings.Join(names(), ", "))
	_ = command.RegisterFlagCompletionFunc("skip", cobra.FixedCompletions(names(), cobra.ShellCompDirectiveNoFileComp))
	return command
}

// about is the table of the checks.
func about() string {
	text := &strings.Builder{}
	for _, c := range checks {
		fmt.Fprintf(text, "  %-10s %s\n", c.name, c.about)
	}
	return text.String()
}

func names() []string {
	var all []string
	for _, c := range checks {
		all = append(all, c.name)
	}
	return all
}

func (o *options) run(ctx context.Context) error {
	report, err := o.examine(ctx)
	if err != nil {
		return err
	}
	if done, err := o.Encode(o.Out, report); done && err != nil {
		return err
	} else if !done {
		if err := report.write(o.Out); err != nil {
			return err
		}
	}
	if code := report.exit(); code != exitNothing {
		return &ExitError{code}
	}
	return nil
}

// examine gathers and decides.
func (o *options) examine(ctx context.Context) (Report, error) {
	if err := o.check(); err != nil {
		return Report{}, couldNotLook{err}
	}
	config, query, err := o.Connect()
	if err != nil {
		return Report{}, couldNotLook{err}
	}
	g, err := newGatherer(config, o.Name, query)
	if err != nil {
		return Report{}, couldNotLook{err}
	}
	g.watch, g.account, g.skip = o.watch, o.account, o.skip
	if o.Config.Impersonate != nil {
		g.impersonated = *o.Config.Impersonate
	}
	if o.watch > 0 && screen.Of(o.ErrOut) != nil {
		fmt.Fprintf(o.ErrOut, "watching the Leases for %v ...\n", o.watch)
	}
	s, err := g.gather(ctx)
	if err != nil {
		return Report{}, couldNotLook{err}
	}
	if len(s.after.Kinds)+len(s.after.Replicas)+len(s.after.Problems) == 0 {
		return Report{}, couldNotLook{fmt.Errorf("%s", o.Nothing(query))}
	}
	return s.run(o.skip), nil
}

// couldNotLook is an error with the exit code for it.
type couldNotLook struct{ error }

func (e couldNotLook) Unwrap() error { return e.error }

// ExitCode is what the process should end with.
func (couldNotLook) ExitCode() int { return exitUnseen }

func (o *options) check() error {
	var errs []error
	if o.watch < 0 {
		errs = append(errs, fmt.Errorf("--for is %v: it must not be negative", o.watch))
	}
	for _, name := range o.skip {
		if !slices.Contains(names(), name) {
			errs = append(errs, fmt.Errorf("--skip has %q: use %s", name, strings.Join(names(), ", ")))
		}
	}
	return o.Check(errs...)
}
