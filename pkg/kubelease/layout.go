package kubelease

import (
	"context"
	"fmt"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// markTries bounds how often the Lease of a whole kind is marked again after somebody
// else has changed it.
const markTries = 3

// Check returns the ownership Leases of the term's kind, whole or in buckets, by name,
// as they were at some time after the call. The list has no resourceVersion, so the
// API server answers with nothing older. Before that, for a bucket, it
// makes sure that the Lease of the whole kind exists and is marked
// (lease.AnnotationSplit).
func (s *Store) Check(ctx context.Context, term lease.Term) (map[string]lease.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout())
	defer cancel()
	whole, _, of := lease.SplitName(term.Lease)
	records, err := s.owners(ctx, term.Shard, whole)
	if marked := records[whole].Split; err == nil && of > 0 && !marked {
		if err = s.mark(ctx, term.Shard, whole); err == nil {
			records, err = s.owners(ctx, term.Shard, whole)
		}
	}
	if err != nil {
		err = fmt.Errorf("looking for owners of %s under another number of buckets, before the term begins: %w", term.Shard.Kind, err)
	}
	s.report("layout "+term.Lease, err)
	return records, err
}

// owners reads all ownership Leases of a kind.
func (s *Store) owners(ctx context.Context, shard lease.Shard, whole string) (map[string]lease.Record, error) {
	selector := lease.ComponentLabels(s.options.Component)
	selector[lease.LabelKind] = shard.Kind.Kind
	list, err := s.client.List(ctx, metav1.ListOptions{LabelSelector: labels.SelectorFromSet(selector).String()})
	if err != nil {
		return nil, err
	}
	records := map[string]lease.Record{}
	for i := range list.Items {
		l := &list.Items[i]
		if kind, _, _ := lease.SplitName(l.Name); kind == whole && !IsMember(l) {
			s.remember(l)
			records[l.Name] = Record(l)
		}
	}
	return records, nil
}

// mark marks the Lease of the whole kind. It writes over the state that it has read,
// so that whoever took the Lease before is seen by what is read after this, and who
// takes it later finds the mark.
func (s *Store) mark(ctx context.Context, shard lease.Shard, whole string) error {
	labels := s.labels(lease.ShardOf(shard.Kind), s.options.Names[shard] != "")
	var err error
	for range markTries {
		var current, marked *coordinationv1.Lease
		current, err = s.client.Get(ctx, whole, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			current = blank(&coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: whole, Namespace: s.options.Namespace}}, 0)
			marked, err = s.client.Create(ctx, withMark(current, labels), metav1.CreateOptions{})
		case err == nil:
			marked, err = s.client.Update(ctx, withMark(current, labels), metav1.UpdateOptions{})
		}
		if err == nil {
			s.remember(marked)
			return nil
		}
		if !apierrors.IsConflict(err) && !apierrors.IsAlreadyExists(err) && !apierrors.IsNotFound(err) {
			break
		}
	}
	return fmt.Errorf("marking Lease %s with %s: %w", whole, lease.AnnotationSplit, err)
}

// withMark returns l with the mark, and with the labels by which the watch sees it: a
// plain elector may have made it.
func withMark(l *coordinationv1.Lease, labels map[string]string) *coordinationv1.Lease {
	l = l.DeepCopy()
	metav1.SetMetaDataAnnotation(&l.ObjectMeta, lease.AnnotationSplit, "true")
	for key, value := range labels {
		metav1.SetMetaDataLabel(&l.ObjectMeta, key, value)
	}
	return l
}

// Evict frees a Lease whose holder's time has run out, unless it has changed since
// version. The holder can then not renew it any more.
func (s *Store) Evict(ctx context.Context, name, uid, version string) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout())
	defer cancel()
	current := s.known(name)
	var err error
	if current == nil || current.ResourceVersion != version {
		current, err = s.client.Get(ctx, name, metav1.GetOptions{})
	}
	if err == nil && string(current.UID) == uid && current.ResourceVersion == version {
		current, err = s.client.Update(ctx, blank(current, Record(current).Moves), metav1.UpdateOptions{})
		if err == nil {
			s.remember(current)
		}
	}
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		err = nil // it is not what had expired any more
	}
	if err != nil {
		err = fmt.Errorf("freeing Lease %s/%s, which has expired: %w", s.options.Namespace, name, err)
	}
	s.report("lease "+name, err)
	return err
}
