// Package simulate is the command "kindred simulate".
package simulate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kindred-k8s/kindred/pkg/sim"
)

// options is what the command line says.
type options struct {
	genericiooptions.IOStreams
	day    sim.Day
	hours  float64
	load   string
	plot   string
	output string
	limit  time.Duration
}

// NewCommand makes the command. name is what the whole program is called.
func NewCommand(name string, streams genericiooptions.IOStreams) *cobra.Command {
	o := &options{
		IOStreams: streams, hours: 24, load: string(sim.NoLoad),
		day: sim.Day{Seed: 1, Kinds: 200, Replicas: 20, Rollouts: 2, Crashes: 8},
	}
	command := &cobra.Command{
		Use:   "simulate",
		Short: "Simulate a day of a fleet: moves, time without an owner, requests",
		Long: `Runs a fleet of replicas on virtual time, with rolling updates, crashes and load,
and reports how often kinds moved, how long they had no owner, and what the API
server was asked. What decides is the same code as in a replica; the API server,
the network and client-go's elector are models. It needs no cluster. A seed gives
the same report each time.

The load patterns: none (all kinds weigh the same); noise (every kind has a load of
its own, which fluctuates); shift (and every hour one kind in twenty does three
times as much from then on, or a third); daily (and kinds are busy by day).`,
		Example: fmt.Sprintf(`  # 200 kinds, 20 replicas, 24 hours, with a picture of who owned what
  %[1]s simulate --plot ownership.svg

  # A large fleet in which nothing happens but rolling updates
  %[1]s simulate --kinds 1000 --replicas 100 --rollouts 4 --crashes 0`, name),
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context()) },
	}
	flags := command.Flags()
	flags.IntVar(&o.day.Kinds, "kinds", o.day.Kinds, "how many `kinds` there are")
	flags.IntVar(&o.day.Replicas, "replicas", o.day.Replicas, "how many `replicas` there are")
	flags.Float64Var(&o.hours, "hours", o.hours, "how many `hours` are simulated")
	flags.Uint64Var(&o.day.Seed, "seed", o.day.Seed, "the `seed` of everything that is random")
	flags.IntVar(&o.day.Rollouts, "rollouts", o.day.Rollouts, "how many `rolling` updates there are")
	flags.IntVar(&o.day.Crashes, "crashes", o.day.Crashes, "how many `replicas` end without a word, every second one with its node")
	flags.StringVar(&o.load, "load", o.load, "how the work of the kinds changes: `none`, noise, shift or daily")
	flags.StringVar(&o.plot, "plot", "", "write who owned what over time to this `file`, as SVG")
	flags.StringVarP(&o.output, "output", "o", "", "the `format`: json, or a text if empty")
	flags.DurationVar(&o.limit, "time-limit", 10*time.Minute, "give up after this `time` on the clock")
	_ = command.MarkFlagFilename("plot", "svg")
	return command
}

func (o *options) run(ctx context.Context) error {
	o.day.Load = sim.Load(o.load)
	var errs []error
	if o.output != "" && o.output != "json" {
		errs = append(errs, fmt.Errorf("--output is %q: use json, or leave it out", o.output))
	}
	if o.limit <= 0 {
		errs = append(errs, fmt.Errorf("--time-limit is %v: it must be greater than zero", o.limit))
	}
	if !(o.hours > 0 && o.hours < 10_000) { // also what is not a number
		errs = append(errs, fmt.Errorf("--hours is %v: it must be from 0.2 to 8784", o.hours))
	} else {
		o.day.Length = time.Duration(o.hours * float64(time.Hour))
		errs = append(errs, o.day.Validate())
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, o.limit)
	defer cancel()
	progress := newProgress(o.ErrOut, o.day.Length)
	o.day.Progress = progress.at
	report, err := sim.RunDay(limited, o.day)
	progress.end()
	if limited.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("%s of %s were simulated in %v: give a longer --time-limit, fewer --kinds and --replicas, or fewer --hours", progress.done, o.day.Length, o.limit)
	}
	if err != nil {
		return err
	}
	if o.plot != "" {
		if err := writeFile(o.plot, func(w io.Writer) error { return plot(w, report) }); err != nil {
			return fmt.Errorf("--plot: %w", err)
		}
	}
	if o.output == "json" {
		return writeJSON(o.Out, report)
	}
	return writeText(o.Out, report)
}

func writeFile(path string, write func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
