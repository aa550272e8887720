package kubelease

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Lock is what a LeaderElector is given for one campaign and the term that may
// follow. It is client-go's LeaseLock with a guard around it. The guard holds
// what the elector does not:
//
//   - It never writes an empty holder. The elector's own release reads the Lease
//     anew but judges by what it remembers, so a deposed leader's blanks the
//     successor's Lease; and it comes before the work has ended. Store.Release is
//     the only way to release.
//   - Within a term, a read that shows another holder, another object, or no
//     Lease at all is the end of the term. The elector would take the Lease again,
//     and call it the same leadership, although somebody else may have led in
//     between.
//   - A Lease that this replica has watched for its whole duration is presented as
//     vacant, as long as it still is at the version that was watched. A fresh
//     elector would wait for the whole duration again, from its own first look.
//     The update carries the version, so a mistake is a conflict, not a theft.
//   - The first look of a campaign is what the watch has seen; no request is made
//     for what is already known.
//   - A Lease that names our identity although no write of this lock can have put
//     it there is somebody else's with the same name, not ours.
//   - A Lease that existed and is gone is not made anew by the same campaign: its
//     holder may not have learned of the deletion yet. The campaign ends, and the
//     core decides what the deletion means.
//   - A Lease with a holder and no duration is presented with this replica's own,
//     as lease.Judge has it. The elector would take it at once.
//   - A Lease whose leaseTransitions are at their end is made anew (replace).
//   - Every request has a deadline, and the time just before a write was sent is
//     reported with it: the owner's right to act counts from there.
//
// client-go calls a lock from one goroutine.
type Lock struct {
	inner *resourcelock.LeaseLock
	store *Store
	shard lease.Shard
	tell  func(lease.LockEvent)
	// timeout bounds each request.
	timeout time.Duration

	// expired is the version that was watched until it expired; empty when the
	// Lease was vacant.
	expired string

	mu   sync.Mutex // guards what follows: close comes from another goroutine
	last *coordinationv1.Lease
	// existed says that the campaign is for a Lease that exists.
	existed bool
	// wrote is the record of an acquiring write that was sent and not refused, so
	// that it may have happened; nil when there is none.
	wrote *resourcelock.LeaderElectionRecord
	term  *lease.Term
	over  bool
}

var _ resourcelock.Interface = (*Lock)(nil)

// Lock returns the lock for one campaign, a *Lock, and a function after which it
// makes no further request, which says whether a write that would win the campaign
// was sent and has no answer. seen and expired are the campaign's grounds
// (elect.StartCampaign); tell is called from the elector's goroutine and must not
// block.
func (s *Store) Lock(shard lease.Shard, timing lease.Timing, seen *lease.Record, expired bool, tell func(lease.LockEvent)) (resourcelock.Interface, func() (unanswered bool), error) {
	name, labels, err := s.identify(shard)
	if err != nil {
		return nil, nil, err
	}
	l := &Lock{store: s, shard: shard, timeout: timing.RequestTimeout(), tell: tell, existed: seen != nil}
	if expired && seen != nil {
		l.expired = seen.Version
	}
	l.inner = &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: s.options.Namespace, Name: name},
		Client:     &lockClient{LeaseInterface: s.client, lock: l, first: firstLook(s, name, seen)},
		LockConfig: resourcelock.ResourceLockConfig{Identity: s.options.Identity},
		Labels:     labels,
	}
	return l, l.close, nil
}

// identify returns the name and the labels of a shard's Lease.
func (s *Store) identify(shard lease.Shard) (string, map[string]string, error) {
	if name := s.options.Names[shard]; name != "" {
		return name, s.labels(shard, true), nil
	}
	name, err := shard.Name(s.options.Component)
	return name, s.labels(shard, false), err
}

// labels returns the labels of a shard's Lease, whose name was given or not.
func (s *Store) labels(shard lease.Shard, given bool) map[string]string {
	labels := shard.Labels(s.options.Component)
	if given {
		labels[lease.LabelName] = lease.NameGiven
	}
	return labels
}

// close ends the lock: it makes no further request. It says whether the campaign
// was not won but a write has no answer that says so.
func (l *Lock) close() (unanswered bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	return l.term == nil && l.wrote != nil
}

// Get reads the Lease. See Lock for what it answers instead of the plain truth.
func (l *Lock) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	if l.isOver() {
		return nil, nil, errTermOver
	}
	record, raw, err := l.inner.Get(ctx)
	if err != nil {
		if apierrors.IsNotFound(err) && l.inTerm() {
			return nil, nil, l.lost(lease.LockDeleted)
		}
		l.report(err)
		return nil, nil, err
	}
	return l.present(record, raw)
}

func (l *Lock) present(record *resourcelock.LeaderElectionRecord, raw []byte) (*resourcelock.LeaderElectionRecord, []byte, error) {
	l.mu.Lock()
	last, term, wrote := l.last, l.term, l.wrote
	l.existed = true
	l.mu.Unlock()
	changed := l.givenDuration(record)
	switch {
	case term != nil && string(last.UID) != term.UID:
		return nil, nil, l.lost(lease.LockDeleted)
	case term != nil && !term.Is(Record(last)):
		return nil, nil, l.lost(lease.LockTaken)
	case term != nil:
		return record, raw, nil
	case l.expired != "" && last.ResourceVersion == l.expired:
		record.HolderIdentity = ""
	case record.HolderIdentity == l.Identity() && !sameWrite(record, wrote):
		record.HolderIdentity += " (another process)"
	case !changed:
		return record, raw, nil
	}
	raw, err := json.Marshal(record)
	return record, raw, err
}

// Create makes the Lease. One that exists without the component's labels, which
// a plain LeaderElector made, is given them so that the watch sees it.
func (l *Lock) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	if l.inTerm() || l.campaignedFor() {
		return l.lost(lease.LockDeleted)
	}
	sentAt, err := l.write(ctx, record, l.inner.Create)
	if apierrors.IsAlreadyExists(err) {
		if adoptErr := l.store.adopt(ctx, l.inner.LeaseMeta.Name, l.inner.Labels); adoptErr != nil {
			l.report(adoptErr)
		}
		return err
	}
	l.written(sentAt, err)
	return err
}

// Update writes a new record at the version that was last read or written.
func (l *Lock) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	record = l.inTermOf(record)
	if exhausted(record) && record.HolderIdentity == l.Identity() {
		return l.replace(ctx, record)
	}
	sentAt, err := l.write(ctx, record, l.inner.Update)
	l.written(sentAt, err)
	return err
}

// write makes one guarded write and returns the local time just before it.
func (l *Lock) write(ctx context.Context, record resourcelock.LeaderElectionRecord,
	do func(context.Context, resourcelock.LeaderElectionRecord) error) (time.Time, error) {
	if record.HolderIdentity != l.Identity() {
		return time.Time{}, fmt.Errorf("lease %s: refused to write holder %q: only the release after the work has ended may change the holder",
			l.Describe(), record.HolderIdentity)
	}
	l.mu.Lock()
	over := l.over
	l.mu.Unlock()
	if over {
		return time.Time{}, errTermOver
	}
	sentAt := time.Now()
	err := do(ctx, record)
	if !refused(err) {
		l.mu.Lock()
		if l.term == nil {
			l.wrote = &record
		}
		l.mu.Unlock()
	}
	return sentAt, err
}

// sameWrite says whether read can be what wrote put there. A number of transitions
// alone is not enough: a Lease that was made anew counts from zero again.
func sameWrite(read, wrote *resourcelock.LeaderElectionRecord) bool {
	return wrote != nil && read.LeaderTransitions == wrote.LeaderTransitions &&
		read.AcquireTime.Truncate(time.Microsecond).Equal(wrote.AcquireTime.Truncate(time.Microsecond))
}

// written reports the outcome of a write.
func (l *Lock) written(sentAt time.Time, err error) {
	if err != nil {
		l.report(err)
		l.failed(sentAt, err)
		return
	}
	l.report(nil)
	l.mu.Lock()
	last := l.last
	renewal := l.term != nil
	if !renewal {
		record := Record(last)
		l.term = &lease.Term{
			Shard: l.shard, Namespace: last.Namespace, Lease: last.Name,
			Holder: record.Holder, UID: record.UID, Transitions: record.Transitions,
		}
	}
	event := lease.LockEvent{Kind: lease.LockAcquired, Term: *l.term, Version: last.ResourceVersion, SentAt: sentAt}
	l.mu.Unlock()
	if renewal {
		event.Kind = lease.LockRenewed
	} else {
		event.Split = Record(last).Split
	}
	l.tell(event)
}

// failed tells of a renewal that was tried and not called off. A conflict is none: somebody
// has changed a label or an annotation, and the elector reads and tries again at once. A
// change that ends the term shows in that read.
func (l *Lock) failed(sentAt time.Time, err error) {
	l.mu.Lock()
	term, over := l.term, l.over
	l.mu.Unlock()
	if term != nil && !over && !errors.Is(err, context.Canceled) && !apierrors.IsConflict(err) {
		l.tell(lease.LockEvent{Kind: lease.LockFailed, Term: *term, SentAt: sentAt, Err: err})
	}
}

// lost ends the term, or the campaign, and says so, once.
func (l *Lock) lost(kind lease.LockEventKind) error {
	l.mu.Lock()
	told := l.over
	l.over = true
	event := lease.LockEvent{Kind: kind, Term: lease.Term{Shard: l.shard}}
	if l.term != nil {
		event.Term = *l.term
	}
	l.mu.Unlock()
	if !told {
		l.tell(event)
	}
	return errTermOver
}

// report passes on what a person can act on. A conflict and a Lease that does not
// exist yet are the protocol at work, and a term that is over has been reported
// as such.
func (l *Lock) report(err error) {
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) && !isNamespaceMissing(err) || errors.Is(err, errTermOver) {
		return
	}
	l.store.report("lease "+l.inner.LeaseMeta.Name, err)
}

func (l *Lock) inTerm() bool        { l.mu.Lock(); defer l.mu.Unlock(); return l.term != nil }
func (l *Lock) campaignedFor() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.existed }
func (l *Lock) isSplit() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last != nil && Record(l.last).Split
}
func (l *Lock) isOver() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.over }

// RecordEvent does nothing: the coordinator records the terms that reconcilers
// really had.
func (l *Lock) RecordEvent(string) {}

// Describe returns namespace/name.
func (l *Lock) Describe() string { return l.inner.Describe() }

// Identity returns the holderIdentity.
func (l *Lock) Identity() string { return l.inner.Identity() }
