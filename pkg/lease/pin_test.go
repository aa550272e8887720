package lease

import (
	"slices"
	"testing"
)

func TestPin(t *testing.T) {
	a, b := Candidate{Identity: "a_1", May: true}, Candidate{Identity: "b_1", Started: 10, May: true}
	later, earlier := Candidate{Identity: "b_2", Started: 20, May: true}, Candidate{Identity: "b_0", Started: 5, May: true}
	not := func(c Candidate) Candidate { c.May = false; return c }
	for name, test := range map[string]struct {
		record     Record
		owner      string
		candidates []Candidate
		want       string
	}{
		"nobody has chosen":                     {Record{}, "a_1", []Candidate{a, b}, ""},
		"paused":                                {Record{Paused: true}, "a_1", []Candidate{a, b}, "a_1"},
		"paused and vacant":                     {Record{Paused: true}, "", []Candidate{a, b}, ""},
		"a Pod":                                 {Record{MoveTo: "b"}, "a_1", []Candidate{a, b}, "b_1"},
		"an identity":                           {Record{MoveTo: "b_0"}, "a_1", []Candidate{a, b, earlier, later}, "b_0"},
		"the last process of the Pod":           {Record{MoveTo: "b"}, "a_1", []Candidate{b, later, earlier}, "b_2"},
		"the last process is not ready":         {Record{MoveTo: "b"}, "a_1", []Candidate{b, not(later)}, ""},
		"a Pod that is gone":                    {Record{MoveTo: "c"}, "a_1", []Candidate{a, b}, ""},
		"a Pod that is gone, and paused":        {Record{MoveTo: "c", Paused: true}, "a_1", []Candidate{a, b}, "a_1"},
		"a Pod that cannot, and paused":         {Record{MoveTo: "b", Paused: true}, "a_1", []Candidate{a, not(b)}, "a_1"},
		"a Pod goes before a pause":             {Record{MoveTo: "b", Paused: true}, "a_1", []Candidate{a, b}, "b_1"},
		"the beginning of a name is no name":    {Record{MoveTo: "b"}, "", []Candidate{{Identity: "bb_1", May: true}}, ""},
		"an identity without a suffix is a Pod": {Record{MoveTo: "b"}, "", []Candidate{{Identity: "b", May: true}}, "b"},
	} {
		if got := test.record.Pin(test.owner, slices.Values(test.candidates)); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
