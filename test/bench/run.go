package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/kubernetes"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/test/bench/fleet"
	"github.com/kindred-k8s/kindred/test/bench/measure"
	"github.com/kindred-k8s/kindred/test/bench/report"
	"github.com/kindred-k8s/kindred/test/bench/system"
	"github.com/kindred-k8s/kindred/test/cluster"
)

type options struct {
	only, systems, results, docs, profile string
	quick                                 bool
}

// chosen returns what is to be measured.
func (o options) chosen() ([]measure.Measurement, error) {
	if o.only == "" {
		return measure.All, nil
	}
	var chosen []measure.Measurement
	var unknown []string
	for _, name := range strings.Split(o.only, ",") {
		i := slices.IndexFunc(measure.All, func(m measure.Measurement) bool { return m.Name == strings.TrimSpace(name) })
		if i < 0 {
			unknown = append(unknown, name)
			continue
		}
		chosen = append(chosen, measure.All[i])
	}
	if len(unknown) > 0 {
		return nil, fmt.Errorf("there is no measurement %q", unknown)
	}
	return chosen, nil
}

// shared returns the systems that take part.
func (o options) shared() ([]system.System, error) {
	all := system.All(o.quick)
	if o.systems == "" {
		return all, nil
	}
	var some []system.System
	for _, name := range strings.Split(o.systems, ",") {
		i := slices.IndexFunc(all, func(s system.System) bool { return s.Name == strings.TrimSpace(name) })
		if i < 0 {
			return nil, fmt.Errorf("there is no system %q", name)
		}
		some = append(some, all[i])
	}
	return some, nil
}

// run measures and reports. What has been measured is kept as soon as it is.
func (o options) run(ctx context.Context) (err error) {
	chosen, err := o.chosen()
	if err != nil {
		return err
	}
	systems, err := o.shared()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "kindred-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if o.quick || o.systems != "" {
		if o, err = o.aside(dir); err != nil {
			return err
		}
	}
	results, err := report.ReadResults(o.results)
	if err != nil {
		return err
	}
	b, err := o.begin(ctx, dir, systems)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Cluster.Stop()) }()
	version, err := b.Client.Discovery().ServerVersion()
	if err != nil {
		return err
	}
	if err := results.On(report.ThisMachine(), report.Versions(version.GitVersion)); err != nil {
		return fmt.Errorf("%s: %w", o.results, err)
	}
	failed := o.measure(ctx, b, chosen, &results)
	if ctx.Err() != nil {
		return failed
	}
	return errors.Join(failed, o.show(results))
}

// aside makes the options of a run that leaves what is kept alone.
func (o options) aside(dir string) (options, error) {
	page, err := os.ReadFile(filepath.Join(o.docs, pageName))
	if err != nil {
		return o, err
	}
	o.results, o.docs = filepath.Join(dir, "results.json"), dir
	return o, errors.Join(os.Mkdir(filepath.Join(dir, imagesName), 0o755), os.WriteFile(filepath.Join(dir, pageName), page, 0o644))
}

// begin starts the API server.
func (o options) begin(ctx context.Context, dir string, systems []system.System) (*measure.Bench, error) {
	ctrl.SetLogger(logr.Discard())
	// A cluster that exists has work of its own, which would be measured.
	if err := os.Unsetenv("KINDRED_TEST_KUBECONFIG"); err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, 20*time.Minute) // it may have to be compiled
	defer cancel()
	started, err := cluster.Start(bounded, cluster.Options{})
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(started.RESTConfig())
	if err == nil {
		err = sample.InstallCRDs(ctx, started.RESTConfig())
	}
	if err != nil {
		return nil, errors.Join(err, started.Stop())
	}
	return &measure.Bench{
		World:   &fleet.World{Cluster: started, Client: client, Dir: dir, Profile: o.profile},
		Systems: systems, Quick: o.quick,
	}, nil
}

// measure makes the measurements, and writes the results after each. One that fails
// keeps the others from nothing.
func (o options) measure(ctx context.Context, b *measure.Bench, chosen []measure.Measurement, results *report.Results) error {
	progress := newProgress(chosen, o.quick)
	b.Say = progress.say
	var errs []error
	for i, m := range chosen {
		progress.begin(i)
		err := o.measureOne(ctx, b, m, results)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", m.Name, err)
			fmt.Fprintln(os.Stderr, "  failed:", err)
			errs = append(errs, err)
		}
	}
	progress.end()
	return errors.Join(errs...)
}

func (o options) measureOne(ctx context.Context, b *measure.Bench, m measure.Measurement, results *report.Results) error {
	began := time.Now()
	data, err := m.Run(ctx, b)
	if err != nil {
		return err
	}
	results.Measurements[m.Name] = report.Result{At: began, Seconds: time.Since(began).Seconds(), Short: o.quick, Data: data}
	tables, _, err := m.Show(data)
	if err != nil {
		return err
	}
	for _, t := range tables {
		if err := t.Print(os.Stdout); err != nil {
			return err
		}
	}
	return results.Write(o.results)
}
