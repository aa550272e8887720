package oldlock

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kindred-k8s/kindred/pkg/kubelease"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// try reads the Lease and, unless an old replica has it, writes it, at the version
// that was read. It returns the local time just before the write that went through,
// and zero with no error when an old replica has the Lease. Somebody else's write in
// between makes it try again.
func (l *Lock) try(ctx context.Context) (sentAt time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.options.Timing.RequestTimeout())
	defer cancel()
	for {
		sentAt, err = l.once(ctx)
		if !apierrors.IsConflict(err) && !apierrors.IsAlreadyExists(err) {
			return sentAt, err
		}
		// The others, which came in between, are as many as there are replicas.
		select {
		case <-ctx.Done():
			return time.Time{}, err
		case <-time.After(rand.N(50 * time.Millisecond)):
		}
	}
}

func (l *Lock) once(ctx context.Context) (sentAt time.Time, err error) {
	current, err := l.read(ctx)
	if err != nil {
		return time.Time{}, err
	}
	if err := l.mustBeHeld(current); err != nil {
		return time.Time{}, err
	}
	now := time.Now()
	l.observe(current, now)
	var next *coordinationv1.Lease
	switch {
	case current == nil:
		next = l.taken(&coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: l.options.Namespace, Name: l.options.Name}})
	case l.seen.Holder == l.holder:
		next = l.renewed(current, now)
	case l.outlasts(l.seen.Record):
		return time.Time{}, fmt.Errorf("%w: Lease %s lasts %v as its holder %q wrote it, and %v as this version is set: set it to %v or less while replicas of the older version may run",
			ErrTooLong, l.name(), l.seen.Duration, l.seen.Holder, l.options.Timing.LeaseDuration, l.seen.Duration)
	case lease.Judge(l.seen, l.options.Timing.LeaseDuration, now) == lease.Held:
		if l.waiting != l.seen.Holder {
			l.waiting = l.seen.Holder
			l.log().Info("Waiting: a replica of an older version has the lock", "holder", l.waiting)
		}
		return time.Time{}, nil
	default:
		next = l.taken(current)
	}
	sentAt = time.Now()
	if current == nil {
		current, err = l.client.Create(ctx, next, metav1.CreateOptions{})
	} else {
		current, err = l.client.Update(ctx, next, metav1.UpdateOptions{})
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("writing Lease %s: %w", l.name(), err)
	}
	record := kubelease.Record(current)
	if l.term == nil {
		l.term = &record
	}
	return sentAt, nil
}

// read returns the Lease, or nil when there is none.
func (l *Lock) read(ctx context.Context) (*coordinationv1.Lease, error) {
	current, err := l.client.Get(ctx, l.options.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading Lease %s: %w", l.name(), err)
	}
	return current, nil
}

// observe remembers what was read, and when its version was first seen.
func (l *Lock) observe(current *coordinationv1.Lease, now time.Time) {
	if current == nil {
		l.seen = nil
		return
	}
	record := kubelease.Record(current)
	if l.seen == nil || l.seen.UID != record.UID || l.seen.Version != record.Version {
		l.seen = &lease.Observation{Record: record, Since: now}
	}
	l.listen(current, now)
}

// mustBeHeld fails with ErrLost when this replica has held the lock and the new
// replicas do not hold it any more, or not without a break.
func (l *Lock) mustBeHeld(current *coordinationv1.Lease) error {
	if l.term == nil {
		return nil
	}
	if current == nil {
		return fmt.Errorf("%w: Lease %s was deleted", ErrLost, l.name())
	}
	if now := kubelease.Record(current); now.UID != l.term.UID || now.Transitions != l.term.Transitions || now.Holder != l.holder {
		return fmt.Errorf("%w: Lease %s was held by %q, and is held by %q (transitions %d, now %d)",
			ErrLost, l.name(), l.holder, now.Holder, l.term.Transitions, now.Transitions)
	}
	return nil
}

// outlasts says whether a write of this replica's would let it act for longer than an
// old replica, which wrote the record, may wait. What a release leaves says nothing:
// client-go writes a second there.
func (l *Lock) outlasts(old lease.Record) bool {
	return old.Holder != "" && old.Duration > 0 && l.options.Timing.LeaseDuration > old.Duration
}

// taken returns the Lease as the first new replica writes it. The protocol is
// client-go's.
func (l *Lock) taken(current *coordinationv1.Lease) *coordinationv1.Lease {
	next := current.DeepCopy()
	now := metav1.NowMicro()
	transitions := int32(0)
	if current.ResourceVersion != "" {
		transitions = ptr.Deref(current.Spec.LeaseTransitions, 0)
		// A hand can have written the largest number, and the API server takes no
		// negative one. The change of the holder tells as well.
		if transitions < math.MaxInt32 {
			transitions++
		}
	}
	next.Spec = coordinationv1.LeaseSpec{
		HolderIdentity:       ptr.To(l.holder),
		LeaseDurationSeconds: ptr.To(seconds(l.options.Timing.LeaseDuration)),
		LeaseTransitions:     &transitions,
		AcquireTime:          &now,
		RenewTime:            &now,
	}
	l.others = map[string]heartbeat{}
	l.sign(next)
	return next
}

// renewed returns the Lease as a new replica writes it that joins others, or goes on.
func (l *Lock) renewed(current *coordinationv1.Lease, now time.Time) *coordinationv1.Lease {
	next := current.DeepCopy()
	// An old elector tells records by what is in them, and counts from the first time
	// that it saw one. It compares them as JSON, in which times have whole seconds.
	next.Spec.AcquireTime = counted(current.Spec.AcquireTime, now)
	// The new replicas tell each other's writes by the stamps in the annotation, which
	// are to the microsecond. Others' clocks may be ahead.
	renewTime := metav1.NewMicroTime(now.Truncate(time.Microsecond))
	if last := current.Spec.RenewTime; last != nil && !renewTime.After(last.Time) {
		renewTime = metav1.NewMicroTime(last.Add(time.Microsecond))
	}
	next.Spec.RenewTime = &renewTime
	// Somebody whose duration is longer relies on what is written.
	duration := max(ptr.Deref(current.Spec.LeaseDurationSeconds, 0), seconds(l.options.Timing.LeaseDuration))
	next.Spec.LeaseDurationSeconds = &duration
	l.sign(next)
	return next
}

// counted returns the acquireTime of the next record: a second later than that of the
// last, so that no two are alike, however often and by whatever clocks they are
// written. Nobody judges by an acquireTime. The renewTime would serve as well, and
// would be ahead of every clock by hours when three replicas have renewed for a day.
func counted(last *metav1.MicroTime, now time.Time) *metav1.MicroTime {
	if last == nil { // only a hand writes that
		return ptr.To(metav1.NewMicroTime(now))
	}
	return ptr.To(metav1.NewMicroTime(last.Add(time.Second)))
}

func seconds(d time.Duration) int32 { return int32(d / time.Second) }
