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
		named, err := s.named(snapshot, text)
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

// named finds the kind that a text names: Database or Database.sample.kindred.dev, in
// capitals or not, which are all its buckets if it has several; or one bucket, with
// /1-of-4 after that.
func (s *session) named(snapshot *inspect.Snapshot, text string) ([]inspect.Kind, error) {
	var found []inspect.Kind
	var all, names []string
	for _, kind := range snapshot.Kinds {
		all = append(all, kind.Name())
		name, part, _ := strings.Cut(kind.Name(), "/")
		wanted, wantedPart, one := strings.Cut(text, "/")
		if one && part != wantedPart {
			continue
		}
		if strings.EqualFold(name, wanted) || strings.EqualFold(kind.Kind, wanted) {
			found, names = append(found, kind), append(names, name)
		}
	}
	names = slices.Compact(names)
	switch {
	case len(found) > 0 && len(names) == 1 && len(components(found)) == 1:
		return found, nil
	case len(found) == 0:
		return nil, fmt.Errorf("there is no kind %q in namespace %q: there are %s", text, s.query.Namespace, strings.Join(slices.Compact(all), ", "))
	case len(components(found)) > 1:
		return nil, fmt.Errorf("several controllers have kind %q: name one with --component: %s", text, strings.Join(components(found), ", "))
	default:
		return nil, fmt.Errorf("%q can be several kinds: write one of %s", text, strings.Join(names, ", "))
	}
}

func components(kinds []inspect.Kind) []string {
	var names []string
	for _, kind := range kinds { // sorted by component
		names = append(names, kind.Component)
	}
	return slices.Compact(names)
}
