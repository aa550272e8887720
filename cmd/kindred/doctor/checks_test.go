package doctor

import (
	"strings"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
)

// TestNothingWrong: all checks, over a fleet that is well, find nothing.
func TestNothingWrong(t *testing.T) {
	s := stateOf(healthy()...)
	s.clocked = true
	report := s.run(nil)
	want(t, report.Findings)
	if report.exit() != exitNothing || len(report.Checked) != len(checks) {
		t.Errorf("exit code %d after %v", report.exit(), report.Checked)
	}
}

// TestExitCodes: what is only worth knowing does not count, and what was found goes
// before what could not be looked at.
func TestExitCodes(t *testing.T) {
	found := func(s Severity) []Finding { return []Finding{{Severity: s}} }
	unseen := []Unseen{{Check: "rbac"}}
	for _, test := range []struct {
		report Report
		want   int
	}{
		{Report{}, 0},
		{Report{Findings: found(Info)}, 0},
		{Report{Findings: found(Warning)}, 1},
		{Report{Findings: found(Error), Unseen: unseen}, 1},
		{Report{Unseen: unseen}, 2},
		{Report{Findings: found(Info), Unseen: unseen}, 2},
	} {
		if got := test.report.exit(); got != test.want {
			t.Errorf("%+v: exit code %d, want %d", test.report, got, test.want)
		}
	}
}

// TestSkip: a check that is left out finds nothing and misses nothing.
func TestSkip(t *testing.T) {
	s := stateOf(owned("Cache", ""))
	s.miss("rbac", "", "no")
	if r := s.run(nil); r.exit() != exitFindings || len(r.Unseen) != 1 {
		t.Errorf("%+v", r)
	}
	if r := s.run([]string{"kinds", "rbac"}); r.exit() != exitNothing || len(r.Checked) != len(checks)-2 {
		t.Errorf("%+v", r)
	}
}

// TestReport is what a person reads: what matters first, and nothing that a terminal
// would obey.
func TestReport(t *testing.T) {
	s := stateOf(append(healthy(), owned("Topic", "z\x1b[2J"), owned("Disk", "", func(l *coordinationv1.Lease) {}))...)
	s.miss("policies", "let this user list validatingadmissionpolicies", "list: forbidden")
	out := &strings.Builder{}
	if err := s.run(nil).write(out); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, part := range []string{
		"error [kinds] Lease ns/op.disk.example.com\n    Disk.example.com has no owner, and no live, ready replica serves it\n    fix: if the kind",
		"info [holders] Lease ns/op.topic.example.com\n",
		"not looked at [policies] list: forbidden\n    fix: let this user",
		"4 kinds and 3 replicas, 11 checks: 1 errors, 0 warnings; not looked at: 1\n",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in\n%s", part, text)
		}
	}
	if strings.Contains(text, "\x1b") || strings.Index(text, "error [") > strings.Index(text, "info [") {
		t.Errorf("%q", text)
	}
}
