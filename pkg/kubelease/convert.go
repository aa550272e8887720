package kubelease

import (
	"strconv"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Record returns what an ownership Lease says.
func Record(l *coordinationv1.Lease) lease.Record {
	r := lease.Record{UID: string(l.UID), Version: l.ResourceVersion}
	if v := l.Spec.HolderIdentity; v != nil {
		r.Holder = *v
	}
	if v := l.Spec.LeaseDurationSeconds; v != nil {
		r.Duration = time.Duration(*v) * time.Second
	}
	if v := l.Spec.LeaseTransitions; v != nil {
		r.Transitions = int(*v)
	}
	if v := l.Spec.AcquireTime; v != nil {
		r.Acquired = v.Time
	}
	if v := l.Spec.RenewTime; v != nil {
		r.Renewed = v.Time
	}
	// One that is not a number was written by a hand, and means nothing.
	r.Moves, _ = strconv.Atoi(l.Annotations[lease.AnnotationMoves])
	r.MoveTo = l.Annotations[lease.AnnotationMoveTo]
	paused, marked := l.Annotations[lease.AnnotationPaused]
	r.Paused = marked && paused != "false"
	_, r.Split = l.Annotations[lease.AnnotationSplit]
	return r
}

// IsMember says whether l is a member Lease, by its label.
func IsMember(l *coordinationv1.Lease) bool {
	return l.Labels[lease.LabelRole] == lease.RoleMember
}

// Member returns what a member Lease says. The error says what is wrong with one
// that Kindred did not write.
func Member(l *coordinationv1.Lease) (lease.MemberObservation, error) {
	r := Record(l)
	member, err := lease.DecodeMember(r.Holder, l.Annotations[lease.AnnotationMember])
	return lease.MemberObservation{
		Member: member, Lease: l.Name, UID: r.UID, Version: r.Version,
		Duration: r.Duration, Renewed: r.Renewed, Created: l.CreationTimestamp.Time,
	}, err
}
