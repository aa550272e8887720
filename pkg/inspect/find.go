package inspect

import (
	"fmt"
	"slices"
	"strings"
)

// Find returns the kind that a text names: Database or Database.sample.kindred.dev,
// in capitals or not, and for a bucket of a kind that has several /1-of-4 after that.
// The error says which there are, or which it can be.
func (s *Snapshot) Find(text string) (Kind, error) {
	found, err := s.FindAll(text)
	switch {
	case err != nil:
		return Kind{}, err
	case len(found) > 1:
		return Kind{}, fmt.Errorf("%q has several buckets: write one of %s", text, strings.Join(names(found), ", "))
	}
	return found[0], nil
}

// FindAll is Find for all buckets of a kind, when the text names none of them.
func (s *Snapshot) FindAll(text string) ([]Kind, error) {
	var found []Kind
	var wholes, components []string
	wanted, wantedPart, one := strings.Cut(text, "/")
	for _, kind := range s.Kinds { // sorted by namespace, component and name
		whole, part, _ := strings.Cut(kind.Name(), "/")
		if one && part != wantedPart || !strings.EqualFold(whole, wanted) && !strings.EqualFold(kind.Kind, wanted) {
			continue
		}
		found = append(found, kind)
		wholes, components = append(wholes, whole), append(components, kind.Component)
	}
	wholes, components = slices.Compact(wholes), slices.Compact(components)
	switch {
	case len(s.Kinds) == 0:
		return nil, fmt.Errorf("there is no kind %q, and no other: give the right --namespace, and --component", text)
	case len(found) == 0:
		return nil, fmt.Errorf("there is no kind %q: there are %s", text, strings.Join(slices.Compact(names(s.Kinds)), ", "))
	case len(components) > 1:
		return nil, fmt.Errorf("several controllers have kind %q: name one with --component: %s", text, strings.Join(components, ", "))
	case len(wholes) > 1:
		return nil, fmt.Errorf("%q can be several kinds: write one of %s", text, strings.Join(wholes, ", "))
	}
	return found, nil
}

func names(kinds []Kind) []string {
	all := make([]string, 0, len(kinds))
	for _, kind := range kinds {
		all = append(all, kind.Name())
	}
	return all
}
