package kubelease

import (
	"context"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// lockClient is what LeaseLock makes its requests with: the real client, with a
// deadline for every request, an eye on every answer, and a first look that
// costs nothing.
type lockClient struct {
	coordinationv1client.LeaseInterface
	lock  *Lock
	first func() (*coordinationv1.Lease, error)
}

// Leases makes lockClient the LeasesGetter that LeaseLock wants. There is only
// one namespace.
func (c *lockClient) Leases(string) coordinationv1client.LeaseInterface { return c }

// firstLook returns what the campaign's grounds say that the Lease is, or nil
// when it must be read: the watch has moved on since the campaign was decided.
func firstLook(s *Store, name string, seen *lease.Record) func() (*coordinationv1.Lease, error) {
	known := s.known(name)
	switch {
	case seen == nil && known == nil:
		return func() (*coordinationv1.Lease, error) {
			return nil, apierrors.NewNotFound(coordinationv1.Resource("leases"), name)
		}
	case seen != nil && known != nil && seen.Version == known.ResourceVersion:
		return func() (*coordinationv1.Lease, error) { return known, nil }
	}
	return nil
}

func (c *lockClient) Get(ctx context.Context, name string, o metav1.GetOptions) (*coordinationv1.Lease, error) {
	if look := c.first; look != nil {
		c.first = nil
		l, err := look()
		return c.answered(l, err, false)
	}
	ctx, cancel := context.WithTimeout(ctx, c.lock.timeout)
	defer cancel()
	l, err := c.LeaseInterface.Get(ctx, name, o)
	return c.answered(l, err, true)
}

func (c *lockClient) Create(ctx context.Context, l *coordinationv1.Lease, o metav1.CreateOptions) (*coordinationv1.Lease, error) {
	ctx, cancel := context.WithTimeout(ctx, c.lock.timeout)
	defer cancel()
	if c.lock.isSplit() {
		metav1.SetMetaDataAnnotation(&l.ObjectMeta, lease.AnnotationSplit, "true") // made anew: replace
	}
	created, err := c.LeaseInterface.Create(ctx, l, o)
	return c.answered(created, err, true)
}

func (c *lockClient) Update(ctx context.Context, l *coordinationv1.Lease, o metav1.UpdateOptions) (*coordinationv1.Lease, error) {
	ctx, cancel := context.WithTimeout(ctx, c.lock.timeout)
	defer cancel()
	updated, err := c.LeaseInterface.Update(ctx, l, o)
	return c.answered(updated, err, true)
}

// answered keeps the Lease of a successful answer for the lock and the store.
// LeaseLock changes the object that it is given, so both keep copies.
func (c *lockClient) answered(l *coordinationv1.Lease, err error, fresh bool) (*coordinationv1.Lease, error) {
	if err != nil {
		return nil, err
	}
	kept := l.DeepCopy()
	c.lock.mu.Lock()
	c.lock.last = kept
	c.lock.mu.Unlock()
	if fresh {
		c.lock.store.remember(kept)
	}
	return l, nil
}
