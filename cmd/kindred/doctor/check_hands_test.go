package doctor

import (
	"fmt"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

func annotated(key, value string, ago time.Duration) func(*coordinationv1.Lease) {
	return func(l *coordinationv1.Lease) {
		l.Annotations[key] = value
		if ago > 0 {
			at := metav1.NewTime(now.Add(-ago))
			l.ManagedFields = []metav1.ManagedFieldsEntry{
				{Manager: "op", Time: &metav1.Time{Time: now}, FieldsV1: metav1.NewFieldsV1(`{"f:spec":{}}`)},
				{Manager: "kindred", Time: &at, FieldsV1: metav1.NewFieldsV1(fmt.Sprintf(`{"f:metadata":{"f:annotations":{"f:%s":{}}}}`, key))},
			}
		}
	}
}

func TestHands(t *testing.T) {
	with := func(edit func(*coordinationv1.Lease)) *state {
		return stateOf(owned("Cache", "a", edit), member("a", "Cache"), member("b", "Cache"))
	}
	want(t, checkHands(with(annotated(lease.AnnotationMoveTo, "b", 0))))
	want(t, checkHands(with(annotated(lease.AnnotationMoveTo, "gone", 0))),
		`warning Lease ns/op.cache.example.com: Cache.example.com was moved by hand to "gone", which is no live, ready replica ... | kindred rebalance Cache.example.com -n ns --component op`)
	want(t, checkHands(with(annotated(lease.AnnotationPaused, "true", time.Hour))),
		"info Lease ns/op.cache.example.com: rebalancing of Cache.example.com is paused for 60m at most | kindred resume Cache.example.com -n ns --component op")
	want(t, checkHands(with(annotated(lease.AnnotationPaused, "true", 48*time.Hour))),
		"warning Lease ns/op.cache.example.com: rebalancing of Cache.example.com is paused for 2d at most: replicas")
	want(t, checkHands(with(annotated(lease.AnnotationPaused, "true", 0))),
		"info Lease ns/op.cache.example.com: rebalancing of Cache.example.com is paused |")
	want(t, checkHands(with(annotated(lease.AnnotationPaused, "false", 48*time.Hour))))
}
