package policy

import (
	"errors"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// IsRefused says whether a write was refused by a policy that Generate made: because
// the replica does not own the kind, because the kind has no Lease, or because the
// API server cannot judge yet. The write has not been carried out.
func IsRefused(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status) &&
		strings.Contains(status.Status().Message, "ValidatingAdmissionPolicy '"+namePrefix)
}
