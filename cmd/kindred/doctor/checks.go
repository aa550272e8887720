package doctor

import (
	"slices"
)

// check is a function from the state to what it finds.
type check struct {
	name, about string
	find        func(*state) []Finding
}

// checks are all that there are, in the order of the help text.
var checks = []check{
	{"leases", "Leases that are not what Kindred writes", checkLeases},
	{"kinds", "kinds without an owner, or that nobody serves", checkKinds},
	{"idle", "replicas that own nothing although they should", checkIdle},
	{"holders", "Leases whose holder is no replica", checkHolders},
	{"timings", "durations that differ or cannot work, and renewals that come too late", checkTimings},
	{"clocks", "clocks that are wrong; Kindred does not mind", checkClocks},
	{"names", "controllers or kinds that share Leases or objects", checkNames},
	{"hands", "moves by hand to Pods that are gone, and pauses that were forgotten", checkHands},
	{"installed", "kinds that the API server does not serve", checkInstalled},
	{"rbac", "permissions that the replicas lack", checkRBAC},
	{"policies", "the fence in the API server: missing, partial or out of date", checkPolicies},
}

// run makes the checks, less those that are skipped.
func (s *state) run(skip []string) Report {
	r := Report{Findings: []Finding{}, Checked: []string{}, Kinds: len(s.after.Kinds), Replicas: len(s.after.Replicas)}
	for _, c := range checks {
		if slices.Contains(skip, c.name) {
			continue
		}
		r.Checked = append(r.Checked, c.name)
		for _, f := range c.find(s) {
			f.Check = c.name
			r.Findings = append(r.Findings, f)
		}
	}
	for _, u := range s.unseen {
		if !slices.Contains(skip, u.Check) {
			r.Unseen = append(r.Unseen, u)
		}
	}
	r.sort()
	return r
}
