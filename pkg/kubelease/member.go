package kubelease

import (
	"context"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Join makes sure that this process is the only live one with its identity, and
// writes its member Lease for the first time. A member Lease that an earlier
// process with the same identity left behind is watched until it has expired;
// one that is renewed meanwhile is in use, which is ErrIdentityInUse. Other
// errors may pass, and Join may be called again.
func (s *Store) Join(ctx context.Context, member lease.Member) error {
	err := s.publish(ctx, member)
	left := &identityTaken{}
	if !asIdentityTaken(err, left) {
		s.report("member", err)
		return err
	}
	since, wait := time.Now(), left.duration(s.options.Timing.LeaseDuration)
	for time.Since(since) < wait {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(s.options.Timing.RetryPeriod):
		}
		current, err := s.getMember(ctx, left.lease.Name)
		if err != nil {
			return err
		}
		if current == nil {
			break
		}
		if current.ResourceVersion != left.lease.ResourceVersion {
			return left
		}
	}
	// Nobody has renewed it for as long as it was to last: delete this very state
	// of it and begin anew.
	if err := s.deleteMember(ctx, left.lease.Name, string(left.lease.UID), left.lease.ResourceVersion); err != nil && !apierrors.IsConflict(err) {
		return err
	}
	return s.Publish(ctx, member)
}

// Publish writes the member Lease. When another process has this identity the
// error is ErrIdentityInUse.
func (s *Store) Publish(ctx context.Context, member lease.Member) error {
	err := s.publish(ctx, member)
	s.report("member", err)
	return err
}

func (s *Store) publish(ctx context.Context, member lease.Member) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout())
	defer cancel()
	name := lease.MemberName(s.options.Component, s.options.Identity)
	current := s.known(name)
	for try := 0; ; try++ {
		var written *coordinationv1.Lease
		wanted, err := s.memberLease(current, member)
		if err != nil {
			return err
		}
		if current == nil {
			written, err = s.client.Create(ctx, wanted, metav1.CreateOptions{})
		} else {
			// An annotation that cannot be read is somebody's hand, not another process.
			if old, err := Member(current); err == nil && old.Instance != "" && old.Instance != member.Instance {
				return &identityTaken{lease: current, identity: member.Identity}
			}
			written, err = s.client.Update(ctx, wanted, metav1.UpdateOptions{})
		}
		if err == nil {
			s.remember(written)
			return nil
		}
		stale := apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) || (current != nil && apierrors.IsNotFound(err))
		if !stale || try >= 2 {
			return fmt.Errorf("writing member Lease %s/%s: %w", s.options.Namespace, name, err)
		}
		if current, err = s.getMember(ctx, name); err != nil {
			return err
		}
	}
}

// Leave deletes the member Lease, if it is this process's.
func (s *Store) Leave(ctx context.Context, member lease.Member) error {
	name := lease.MemberName(s.options.Component, s.options.Identity)
	ctx, cancel := context.WithTimeout(ctx, s.timeout())
	defer cancel()
	current := s.known(name)
	if current == nil {
		return nil
	}
	if old, err := Member(current); err == nil && old.Instance != member.Instance {
		return nil
	}
	err := s.deleteMember(ctx, name, string(current.UID), "")
	if apierrors.IsConflict(err) {
		return nil // it is another object by now, and not ours
	}
	return err
}

// Collect deletes the member Lease of a replica that is long gone, unless it has
// changed since version.
func (s *Store) Collect(ctx context.Context, name, uid, version string) error {
	err := s.deleteMember(ctx, name, uid, version)
	if apierrors.IsConflict(err) {
		err = nil // it has changed: its replica lives
	}
	s.report("lease "+name, err)
	return err
}

func (s *Store) deleteMember(ctx context.Context, name, uid, version string) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout())
	defer cancel()
	conditions := &metav1.Preconditions{UID: ptr.To(types.UID(uid))}
	if version != "" {
		conditions.ResourceVersion = ptr.To(version)
	}
	err := s.client.Delete(ctx, name, metav1.DeleteOptions{Preconditions: conditions})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("deleting member Lease %s/%s: %w", s.options.Namespace, name, err)
	}
	return nil
}

// getMember reads a Lease past what is known of it; nil when it does not exist.
func (s *Store) getMember(ctx context.Context, name string) (*coordinationv1.Lease, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout())
	defer cancel()
	current, err := s.client.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading member Lease %s/%s: %w", s.options.Namespace, name, err)
	}
	return current, nil
}

// memberLease returns the Lease that says what member says.
func (s *Store) memberLease(current *coordinationv1.Lease, member lease.Member) (*coordinationv1.Lease, error) {
	annotation, err := member.Encode()
	if err != nil {
		return nil, err
	}
	now := metav1.NewMicroTime(time.Now())
	l := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{
		Name:      lease.MemberName(s.options.Component, s.options.Identity),
		Namespace: s.options.Namespace,
	}}
	if current != nil {
		l = current.DeepCopy()
	}
	l.Labels = lease.MemberLabels(s.options.Component)
	l.Annotations = map[string]string{lease.AnnotationMember: annotation}
	l.OwnerReferences = s.podReference()
	acquired := l.Spec.AcquireTime
	if acquired == nil {
		acquired = &now
	}
	l.Spec = coordinationv1.LeaseSpec{
		HolderIdentity:       ptr.To(s.options.Identity),
		LeaseDurationSeconds: ptr.To(int32(s.options.Timing.LeaseDuration / time.Second)),
		AcquireTime:          acquired,
		RenewTime:            &now,
	}
	return l, nil
}

// podReference makes the garbage collector delete the member Lease with the Pod.
func (s *Store) podReference() []metav1.OwnerReference {
	o := s.options
	if o.PodName == "" || o.PodUID == "" || o.PodNamespace != o.Namespace {
		return nil
	}
	return []metav1.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: o.PodName, UID: types.UID(o.PodUID)}}
}
