package steer

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// pick returns the kinds that the texts name, and those that have one owner with
// them; without texts all kinds of the component.
func (s *session) pick(snapshot *inspect.Snapshot, texts []string) ([]inspect.Kind, error) {
	if len(snapshot.Kinds) == 0 {
		return nil, fmt.Errorf("there is no Lease of a kind with the label %s in namespace %q: give the right --namespace, and --component, or see \"%s owners -A\"",
			s.query.Selector(), s.query.Namespace, s.name)
	}
	if len(texts) == 0 {
		if snapshot.Components() > 1 {
			return nil, fmt.Errorf("namespace %q has the kinds of several controllers: name one with --component: %s",
				s.query.Namespace, strings.Join(components(snapshot.Kinds), ", "))
		}
		return snapshot.Kinds, nil
	}
	var kinds []inspect.Kind
	var errs []error
	for _, text := range texts {
		named, err := snapshot.FindAll(text)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, one := range named {
			for _, kind := range snapshot.With(one) {
				if !slices.ContainsFunc(kinds, func(k inspect.Kind) bool { return k.Lease == kind.Lease }) {
					kinds = append(kinds, kind)
				}
			}
		}
	}
	return kinds, errors.Join(errs...)
}

func components(kinds []inspect.Kind) []string {
	var names []string
	for _, kind := range kinds { // sorted by component
		names = append(names, kind.Component)
	}
	return slices.Compact(names)
}
