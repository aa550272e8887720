package doctor

import (
	"fmt"
)

// checkInstalled tells of kinds that the API server does not serve. A replica takes no
// part in the election of such a kind, and looks again every 30 s at most.
func checkInstalled(s *state) []Finding {
	if s.resources == nil {
		return nil
	}
	var found []Finding
	for _, k := range s.after.Kinds {
		if _, installed := s.resources[groupKind(k)]; installed {
			continue
		}
		found = append(found, Finding{
			Severity: Warning, Where: leaseWhere(k.Namespace, k.Lease),
			What: fmt.Sprintf("the API server does not serve %s. If the objects are in another cluster than the Leases, that is as it should be: --skip installed", k.Name()),
			Fix:  "install its CustomResourceDefinition; or, if the kind is gone for good: " + deleteLease(k.Namespace, k.Lease),
		})
	}
	return found
}
