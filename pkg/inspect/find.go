package inspect

import (
	"fmt"
	"slices"
	"strings"
)

// Find returns the kind that a text names: Database or Database.sample.kindred.dev,
// in capitals or not. The error says which there are, or which it can be.
func (s *Snapshot) Find(text string) (Kind, error) {
	var found []Kind
	var all, names, components []string
	for _, kind := range s.Kinds { // sorted by namespace, component and name
		all = append(all, kind.Name())
		if strings.EqualFold(kind.Name(), text) || strings.EqualFold(kind.Kind, text) {
			found, names = append(found, kind), append(names, kind.Name())
			components = append(components, kind.Component)
		}
	}
	components = slices.Compact(components)
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(all) == 0:
		return Kind{}, fmt.Errorf("there is no kind %q, and no other: give the right --namespace, and --component", text)
	case len(found) == 0:
		return Kind{}, fmt.Errorf("there is no kind %q: there are %s", text, strings.Join(slices.Compact(all), ", "))
	case len(components) > 1:
		return Kind{}, fmt.Errorf("several controllers have kind %q: name one with --component: %s", text, strings.Join(components, ", "))
	default:
		return Kind{}, fmt.Errorf("%q can be several kinds: write one of %s", text, strings.Join(names, ", "))
	}
}
