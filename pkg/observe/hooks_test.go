package observe_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/kindred-k8s/kindred/pkg/observe"
)

// all calls every hook there is, with the zero value of what it takes, and returns
// their names.
func all(h *observe.Hooks) []string {
	var names []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[observe.Hooks]()) {
		e := reflect.New(field.Type.In(0)).Elem().Interface().(observe.Event)
		h.Call(e)
		names = append(names, field.Name)
	}
	return names
}

// TestEach: each hook gets its own type, and the type has the hook's name.
func TestEach(t *testing.T) {
	var got []string
	h := observe.Each(func(e observe.Event) { got = append(got, reflect.TypeOf(e).Name()) })
	if want := all(h); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

// TestTee: all are called, in order, and those that are missing are passed over.
func TestTee(t *testing.T) {
	var got []string
	note := func(who string) func(observe.Elected) {
		return func(observe.Elected) { got = append(got, who) }
	}
	h := observe.Tee(&observe.Hooks{Elected: note("first")}, nil, &observe.Hooks{}, &observe.Hooks{Elected: note("last")})
	all(h)
	if fmt.Sprint(got) != "[first last]" {
		t.Errorf("called %v", got)
	}
	all(&observe.Hooks{}) // nobody is interested, and nothing happens
}
