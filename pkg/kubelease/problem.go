package kubelease

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// ErrIdentityInUse says that another live process has this replica's identity.
var ErrIdentityInUse = errors.New("identity in use")

// errTermOver is what the lock answers once its term is over.
var errTermOver = errors.New("the term is over")

// report passes a problem on in words that name the fix. A cancelled request is
// nobody's problem.
func (s *Store) report(operation string, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	s.options.Problem(operation, s.explain(err))
}

// over ends what this replica could not do with a Lease: its term is over, or somebody
// else has changed the Lease since, so that there is nothing to do or it begins anew.
func (s *Store) over(name string) {
	s.report("lease "+name, nil)
	s.report("layout "+name, nil)
}

// explain adds what to do about the errors that a person can do something about.
func (s *Store) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case apierrors.IsForbidden(err):
		return fmt.Errorf("%w: give the ServiceAccount a Role in namespace %q with the verbs get, list, watch, create, update, patch and delete on leases in coordination.k8s.io (config/rbac has one)",
			err, s.options.Namespace)
	case apierrors.IsUnauthorized(err):
		return fmt.Errorf("%w: the credentials are missing or out of date; check the kubeconfig or the Pod's ServiceAccount token", err)
	case isNamespaceMissing(err):
		return fmt.Errorf("%w: create namespace %q, or set the namespace for the Leases to one that exists", err, s.options.Namespace)
	}
	return err
}

// isNamespaceMissing says whether a write failed because its namespace does not
// exist.
func isNamespaceMissing(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || !apierrors.IsNotFound(err) {
		return false
	}
	details := status.Status().Details
	return details != nil && details.Kind == "namespaces"
}

// refused says whether the API server has answered that it did not carry out a
// write. After any other error it may have.
func refused(err error) bool {
	return apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) || apierrors.IsNotFound(err) ||
		apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) || apierrors.IsInvalid(err)
}
