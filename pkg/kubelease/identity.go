package kubelease

import (
	"errors"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// identityTaken is ErrIdentityInUse with the Lease that shows it.
type identityTaken struct {
	lease    *coordinationv1.Lease
	identity string
}

func (e *identityTaken) Error() string {
	return fmt.Sprintf("identity %q is in use: member Lease %s/%s is renewed by another live process; give every replica an identity of its own, or leave it empty to have one made from the Pod's name",
		e.identity, e.lease.Namespace, e.lease.Name)
}

func (e *identityTaken) Is(target error) bool { return target == ErrIdentityInUse }

// duration is how long the Lease is to last without renewal.
func (e *identityTaken) duration(own time.Duration) time.Duration {
	return lease.BoundedWait(Record(e.lease).Duration, own)
}

func asIdentityTaken(err error, into *identityTaken) bool {
	var taken *identityTaken
	if !errors.As(err, &taken) {
		return false
	}
	*into = *taken
	return true
}
