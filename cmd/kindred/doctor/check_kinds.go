package doctor

import (
	"fmt"
	"time"

	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// checkKinds tells of kinds that nobody reconciles. One that is being handed over has no
// owner for milliseconds, so it must have had none at both ends of the watch.
func checkKinds(s *state) []Finding {
	var found []Finding
	for _, k := range s.after.Kinds {
		f := Finding{Severity: Error, Where: leaseWhere(k.Namespace, k.Lease)}
		before, known := s.earlier(k)
		switch {
		case k.State != inspect.Owned && k.Served == 0:
			f.What = fmt.Sprintf("%s has no owner, and no live, ready replica serves it", k.Name())
			f.Fix = "if the kind is gone for good: " + deleteLease(k.Namespace, k.Lease) + "; otherwise see why its replicas are not ready: " + explain(s, k)
		case k.State == inspect.Vacant && known && before.State == inspect.Vacant:
			f.What = fmt.Sprintf("nobody has taken %s, although %d replicas could", k.Name(), k.Served)
			f.Fix = explain(s, k)
		case k.State == inspect.Stale && known && before.State == inspect.Stale && before.Renewed.Equal(&k.Renewed):
			f.What = fmt.Sprintf("%s holds %s and has not renewed it for %v, and nobody has taken it over", k.Owner, k.Name(), s.at.Sub(k.Renewed.Time).Round(time.Second))
			f.Fix = explain(s, k)
		default:
			continue
		}
		found = append(found, f)
	}
	return found
}

func explain(s *state, k inspect.Kind) string {
	return fmt.Sprintf("%s explain %s %s", s.program, k.Name(), component{k.Namespace, k.Component}.flags())
}
