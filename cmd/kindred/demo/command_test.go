package demo

import (
	"strings"
	"testing"
)

func TestParseRequest(t *testing.T) {
	tests := map[string]struct {
		want request
		err  string
	}{
		"":                {},
		"  \t":            {},
		"add":             {want: request{verb: add}},
		" ADD ":           {want: request{verb: add}},
		"stop 2":          {want: request{stop, "replica-2"}},
		"kill replica-12": {want: request{kill, "replica-12"}},
		"q":               {want: request{verb: quit}},
		"?":               {want: request{verb: help}},
		"kill":            {err: "kill which replica? For example: kill 2"},
		"stop 1 2":        {err: `stop: what is "2"?`},
		"add two":         {err: `add: what is "two"?`},
		"restart 1":       {err: `"restart" is not a command: use add, stop N, kill N, help or quit`},
	}
	for line, test := range tests {
		got, err := parseRequest(line)
		if test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
			t.Errorf("%q: got error %v, want %q", line, err, test.err)
		}
		if got != test.want {
			t.Errorf("%q: got %+v, want %+v", line, got, test.want)
		}
	}
}
