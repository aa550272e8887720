package measure

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/kindred-k8s/kindred/test/bench/fleet"
	"github.com/kindred-k8s/kindred/test/bench/system"
)

// inTurn measures each system by itself, one after the other. In a short run, whose
// numbers mean nothing, that would take too long.
func inTurn[T any](ctx context.Context, b *Bench, o fleet.Options, measure func(context.Context, *fleet.Fleet) (T, error)) ([]T, error) {
	if b.Quick {
		return sideBySide(ctx, b, o, measure)
	}
	var all []T
	for _, s := range b.Systems {
		one, err := alone(ctx, b, s, o, measure)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// sideBySide measures all systems at the same time, for what takes seconds and does
// not depend on milliseconds.
func sideBySide[T any](ctx context.Context, b *Bench, o fleet.Options, measure func(context.Context, *fleet.Fleet) (T, error)) ([]T, error) {
	all := make([]T, len(b.Systems))
	group, ctx := errgroup.WithContext(ctx)
	for i, s := range b.Systems {
		group.Go(func() (err error) {
			all[i], err = alone(ctx, b, s, o, measure)
			return err
		})
	}
	return all, group.Wait()
}

// alone measures a fleet of one system that lives as long as that takes.
func alone[T any](ctx context.Context, b *Bench, s system.System, o fleet.Options, measure func(context.Context, *fleet.Fleet) (T, error)) (one T, err error) {
	f, err := fleet.New(ctx, b.World, s, o)
	if err != nil {
		return one, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if one, err = measure(ctx, f); err != nil {
		return one, fmt.Errorf("%s: %w", s.Name, err)
	}
	return one, nil
}

// startEach starts n processes with one replica each.
func startEach(f *fleet.Fleet, n int) error {
	for range n {
		if _, err := f.Start(1); err != nil {
			return err
		}
	}
	return nil
}
