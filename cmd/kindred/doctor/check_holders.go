package doctor

import (
	"fmt"
	"time"

	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// tooLong is a duration that nobody means for a Lease of a controller.
const tooLong = 10 * time.Minute

// checkHolders tells of Leases whose holder has no member Lease: a plain LeaderElector,
// somebody's hand, or a replica that is long gone.
func checkHolders(s *state) []Finding {
	members := map[string]inspect.Replica{}
	for _, r := range s.after.Replicas {
		if r.Lease != "" {
			members[r.Namespace+"/"+r.Component+"/"+r.Identity] = r
		}
	}
	var found []Finding
	for _, k := range s.after.Kinds {
		if k.Holder == "" {
			continue
		}
		member, known := members[k.Namespace+"/"+k.Component+"/"+k.Holder]
		duration := time.Duration(k.LeaseSeconds) * time.Second
		f := Finding{Where: leaseWhere(k.Namespace, k.Lease)}
		switch {
		case duration > tooLong && (!known || !member.Alive):
			f.Severity = Error
			f.What = fmt.Sprintf("%s is held by %q, which is no live replica, and the Lease lasts %v: nobody takes it before", k.Name(), k.Holder, duration)
			f.Fix = fmt.Sprintf(`when the holder is gone for sure: kubectl patch lease -n %s %s --type merge -p '{"spec":{"leaseDurationSeconds":5}}'`, k.Namespace, k.Lease)
		case known:
			continue
		case k.State == inspect.Owned:
			f.Severity = Info
			f.What = fmt.Sprintf("%s is held by %q, which has no member Lease: a plain LeaderElector, or a hand. Kindred's replicas respect it, and get the kind when it stops renewing", k.Name(), k.Holder)
		default:
			f.Severity = Warning
			f.What = fmt.Sprintf("%s is held by %q, which has no member Lease and does not renew", k.Name(), k.Holder)
			f.Fix = explain(s, k)
		}
		found = append(found, f)
	}
	return found
}
