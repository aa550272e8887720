package kubelease

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// releaseTries bounds how often a release is tried: again at once after a
// conflict, with a renewal that was under way or with somebody who edits labels,
// and after a pause when the API server has not answered or not well.
const (
	releaseTries = 6
	releasePause = 100 * time.Millisecond
)

// Release frees the Lease of a term whose work has ended, and returns what the
// Lease says now; nil when it does not exist. It frees it only while the Lease
// still is in the term: the version that is checked is the version that is
// written over, so a successor's Lease is never touched. A Lease that is not in
// the term any more needs no release, and that is no error.
//
// moves is how often the shard was moved lately, this time included; it is written
// with the release.
func (s *Store) Release(ctx context.Context, term lease.Term, moves int) (*lease.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout())
	defer cancel()
	current := s.known(term.Lease)
	if current != nil && !term.Is(Record(current)) {
		current = nil
	}
	var err error
	for try := range releaseTries {
		if try > 0 && !refused(err) && !pause(ctx, releasePause<<(try-1)) {
			break
		}
		if current == nil {
			current, err = s.client.Get(ctx, term.Lease, metav1.GetOptions{})
			if apierrors.IsNotFound(err) {
				s.over(term.Lease)
				return nil, nil
			}
			if apierrors.IsForbidden(err) {
				break
			}
			if err != nil {
				current = nil
				continue
			}
		}
		if record := Record(current); !term.Is(record) {
			s.over(term.Lease)
			return &record, nil
		}
		var released *coordinationv1.Lease
		released, err = s.client.Update(ctx, blank(current, moves), metav1.UpdateOptions{})
		if err == nil {
			s.over(term.Lease)
			s.remember(released)
			record := Record(released)
			return &record, nil
		}
		if apierrors.IsForbidden(err) {
			break
		}
		current = nil
	}
	return nil, s.releaseFailed(term, err)
}

// pause waits for d and says whether ctx still goes on.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *Store) releaseFailed(term lease.Term, err error) error {
	err = fmt.Errorf("releasing Lease %s/%s: %w", s.options.Namespace, term.Lease, err)
	s.report("lease "+term.Lease, err)
	return err
}

// blank returns the Lease as released: what client-go's LeaderElector writes
// (leaderelection.go, tryRelease), so that a plain candidate takes it at once.
func blank(l *coordinationv1.Lease, moves int) *coordinationv1.Lease {
	now := metav1.NewMicroTime(time.Now())
	l = l.DeepCopy()
	metav1.SetMetaDataAnnotation(&l.ObjectMeta, lease.AnnotationMoves, strconv.Itoa(moves))
	l.Spec = coordinationv1.LeaseSpec{
		HolderIdentity:       ptr.To(""),
		LeaseDurationSeconds: ptr.To[int32](1),
		LeaseTransitions:     l.Spec.LeaseTransitions,
		AcquireTime:          &now,
		RenewTime:            &now,
	}
	return l
}

// adopt gives a Lease that was made by somebody else the component's labels.
func (s *Store) adopt(ctx context.Context, name string, labels map[string]string) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout())
	defer cancel()
	current, err := s.client.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading Lease %s, which exists without the label %s: %w", name, lease.LabelComponent, err)
	}
	if current.Labels[lease.LabelComponent] == labels[lease.LabelComponent] {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"labels": labels}})
	if err != nil {
		return err
	}
	if _, err := s.client.Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return fmt.Errorf("adding the label %s to Lease %s, which a plain leader elector made: %w", lease.LabelComponent, name, err)
	}
	return nil
}
