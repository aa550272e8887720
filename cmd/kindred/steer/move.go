package steer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kindred-k8s/kindred/pkg/inspect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

func newMove(o *options) *cobra.Command {
	command := &cobra.Command{
		Use:   "move KIND --to POD [--reason WORDS]",
		Short: "Move a kind to a Pod, where it stays",
		Long: `Moves a kind to a Pod: the owner hands it over at once, as it does for balance, and
the kind stays with that Pod as long as the Pod can run it. When the Pod is gone, the
kind goes where balance has it, and back when there is a Pod of that name again.
"` + o.name + ` rebalance" undoes it.

Kinds that were registered as one group move together. Of a kind that is split, name
the bucket, as in Database/1-of-4. --to also takes a whole
identity, for one process of a Pod only.

The command waits until the Pod has the kind, and says how long nobody had it.`,
		Example: fmt.Sprintf(`  %[1]s move Database --to widget-operator-5f7d9c-x2k4q
  %[1]s move Database.sample.kindred.dev --to widget-operator-5f7d9c-x2k4q --reason "its node has the fast disk"`, o.name),
		RunE: func(command *cobra.Command, texts []string) error {
			if err := o.checkMove(texts); err != nil {
				return err
			}
			s, err := o.connect()
			if err != nil {
				return err
			}
			return s.move(command.Context(), texts[0])
		},
	}
	command.Flags().StringVar(&o.to, "to", "", "the `Pod`, or the identity, that is to own the kind")
	command.Flags().BoolVar(&o.wait, "wait", true, "wait until the Pod has the kind")
	command.Flags().DurationVar(&o.timeout, "timeout", time.Minute, "how long to wait")
	return command
}

func (o *options) checkMove(texts []string) error {
	var errs []error
	if len(texts) != 1 {
		errs = append(errs, fmt.Errorf("there are %d kinds: name one, as in \"%s move Database --to POD\"", len(texts), o.name))
	}
	if o.to == "" {
		errs = append(errs, errors.New("--to is empty: name the Pod that is to own the kind"))
	}
	if o.timeout <= 0 {
		errs = append(errs, fmt.Errorf("--timeout is %v: it must be above zero; use --wait=false not to wait", o.timeout))
	}
	return o.check(errs...)
}

func (s *session) move(ctx context.Context, text string) error {
	var w *waiter
	var snapshot *inspect.Snapshot
	var err error
	if s.wait && s.dryRun == dryNone {
		// What comes of it is watched from before it is asked for.
		w = s.watch(ctx)
		defer w.stop()
		snapshot, err = w.open(ctx)
	} else {
		snapshot, err = inspect.Collect(ctx, s.leases, s.query)
	}
	if err != nil {
		return err
	}
	kinds, err := s.pick(snapshot, []string{text})
	if err != nil {
		return err
	}
	if kinds[0].Of > 0 && len(kinds) > 1 {
		return fmt.Errorf("%s has several buckets: name one, as in %s; to move all of them to one Pod would undo the split", text, kinds[0].Name())
	}
	if err := s.mayGo(snapshot, kinds); err != nil {
		return err
	}
	if err := s.each(ctx, kinds, s.moveTo); err != nil || w == nil {
		return err
	}
	return w.until(ctx, kinds)
}

// moveTo is the change to one kind.
func (s *session) moveTo(kind inspect.Kind) change {
	there := s.there(kind.Holder)
	if there && kind.MoveTo == s.to {
		return change{said: fmt.Sprintf("was moved to %s already, which owns it", s.to)}
	}
	said := fmt.Sprintf("is moved to %s, which keeps it as long as it can; now %s owns it", s.to, cmp.Or(kind.Owner, "nobody"))
	if there {
		said = fmt.Sprintf("stays with %s, which keeps it as long as it can", s.to)
	}
	return change{map[string]any{lease.AnnotationMoveTo: s.to}, said, moveRequested, "Move"}
}

// there says whether an owner is the one that was chosen.
func (s *session) there(holder string) bool {
	return holder != "" && (holder == s.to || lease.PodName(holder) == s.to)
}

// mayGo says what is in the way of moving the kinds.
func (s *session) mayGo(snapshot *inspect.Snapshot, kinds []inspect.Kind) error {
	var errs []error
	for _, kind := range kinds {
		if _, ok := snapshot.Choose(kind, s.to); ok {
			continue
		}
		takers := "nobody at present, because no ready replica serves it"
		if names := snapshot.Takers(kind); len(names) > 0 {
			takers = strings.Join(names, ", ")
		}
		errs = append(errs, fmt.Errorf("--to %s: %s; %s can be given to %s", s.to, s.whatIs(snapshot, kind), kind.Name(), takers))
	}
	return errors.Join(errs...)
}

// whatIs says why the Pod is none that may be given the kind.
func (s *session) whatIs(snapshot *inspect.Snapshot, kind inspect.Kind) string {
	what := fmt.Sprintf("no replica of %s is called that", kind.Component)
	for _, replica := range snapshot.Replicas {
		switch {
		case replica.Component != kind.Component || !s.there(replica.Identity):
		case !replica.Alive:
			what = "the replica of that name is not alive"
		case replica.Lease == "":
			return "that is a plain elector, which takes part in no plan"
		case !slices.Contains(replica.Serves, kind.Name()):
			return "the replica does not serve the kind"
		default:
			return fmt.Sprintf("the replica is %s", replica.Phase)
		}
	}
	return what
}
