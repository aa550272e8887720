package steer

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kindred-k8s/kindred/pkg/inspect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

func newPause(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "pause [KIND...] [--reason WORDS]",
		Short: "Leave kinds with their owners",
		Long: `Leaves kinds with their owners: nothing is moved for the sake of balance any more,
for instance while you scale up or look into something. Without a KIND, that is all
kinds of the controller.

A kind without an owner is still taken at once, and stays with whoever takes it; and
a replica that leaves hands over what it has. "` + o.name + ` move" still moves a kind.`,
		Example: fmt.Sprintf(`  %[1]s pause
  %[1]s pause Database Queue --reason "load test until noon"`, o.name),
		RunE: o.onAll(pause),
	}
}

func pause(kind inspect.Kind) change {
	if kind.Paused {
		return change{said: "was paused already"}
	}
	said := "is paused: whoever takes it keeps it"
	if kind.Owner != "" {
		said = fmt.Sprintf("is paused: %s keeps it as long as it can", kind.Owner)
	}
	return change{map[string]any{lease.AnnotationPaused: "true"}, said, pauseRequested, "Pause"}
}

func newResume(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "resume [KIND...] [--reason WORDS]",
		Short: "Undo pause: share kinds evenly again",
		Long: `Undoes "` + o.name + ` pause". Without a KIND, for all kinds of the controller.

Kinds that "` + o.name + ` move" has moved stay where they are; "` + o.name + ` rebalance"
ends that.`,
		Example: fmt.Sprintf(`  %[1]s resume
  %[1]s resume Database`, o.name),
		RunE: o.onAll(resume),
	}
}

func resume(kind inspect.Kind) change {
	if !kind.Paused {
		return change{said: "was not paused"}
	}
	said := "is not paused any more"
	if kind.MoveTo != "" {
		said += fmt.Sprintf("; it stays with %s, to which it was moved by hand", kind.MoveTo)
	}
	return change{map[string]any{lease.AnnotationPaused: nil}, said, pauseWithdrawn, "Resume"}
}

func newRebalance(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "rebalance [KIND...] [--reason WORDS]",
		Short: "Undo move: let kinds go where balance has them",
		Long: `Undoes "` + o.name + ` move": the kinds go where balance has them. Without a KIND, all
kinds of the controller.`,
		Example: fmt.Sprintf(`  %[1]s rebalance
  %[1]s rebalance Database`, o.name),
		RunE: o.onAll(rebalance),
	}
}

func rebalance(kind inspect.Kind) change {
	if kind.MoveTo == "" {
		return change{said: "was not moved by hand"}
	}
	said := fmt.Sprintf("need not be with %s any more", kind.MoveTo)
	if kind.Paused {
		said += ", but it is paused: its owner keeps it"
	}
	return change{map[string]any{lease.AnnotationMoveTo: nil}, said, moveWithdrawn, "Rebalance"}
}

// onAll makes a command that changes the kinds that are its arguments, or all.
func (o *options) onAll(change func(inspect.Kind) change) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, texts []string) error {
		if err := o.check(); err != nil {
			return err
		}
		s, err := o.connect()
		if err != nil {
			return err
		}
		return s.changeAll(command.Context(), texts, change)
	}
}

func (s *session) changeAll(ctx context.Context, texts []string, change func(inspect.Kind) change) error {
	snapshot, err := inspect.Collect(ctx, s.leases, s.query)
	if err != nil {
		return err
	}
	kinds, err := s.pick(snapshot, texts)
	if err != nil {
		return err
	}
	return s.each(ctx, kinds, change)
}
