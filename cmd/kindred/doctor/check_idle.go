package doctor

import (
	"fmt"
	"time"

	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// newcomer is for how long a replica may be alive before it should own what it is
// planned to: kinds move to it after the rebalance delay, 3 s by default.
const newcomer = 30 * time.Second

// checkIdle tells of replicas that are alive and ready and own nothing, although the
// plan gives them something. During a rollout that is as it should be.
func checkIdle(s *state) []Finding {
	var found []Finding
	for _, c := range s.components() {
		replicas := s.replicas(c)
		if revisions(replicas) > 1 {
			continue
		}
		for _, r := range replicas {
			age := s.at.Sub(r.Joined.Time)
			if r.Owned > 0 || r.Joined.IsZero() || age < newcomer {
				continue
			}
			for _, k := range s.kinds(c) {
				if before, known := s.earlier(k); k.Planned != r.Identity || !known || before.Planned != r.Identity {
					continue
				}
				found = append(found, Finding{
					Severity: Warning, Where: leaseWhere(r.Namespace, r.Lease),
					What: fmt.Sprintf("%s is alive and ready since %v and owns nothing, although it should have %s: it may not be able to write Leases, or fails at taking the kind again and again", r.Name, age.Round(time.Second), k.Name()),
					Fix:  fmt.Sprintf("%s; kubectl logs -n %s %s", explain(s, k), r.Namespace, r.Name),
				})
				break
			}
		}
	}
	return found
}

func revisions(replicas []inspect.Replica) int {
	seen := map[string]bool{}
	for _, r := range replicas {
		seen[r.Revision] = true
	}
	return len(seen)
}
