package doctor

import (
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

func TestLeases(t *testing.T) {
	odd := owned("Topic", "a", func(l *coordinationv1.Lease) { l.Labels[lease.LabelKind] = "Other" })
	torn := member("c", "Cache")
	torn.Annotations[lease.AnnotationMember] = "{"
	strange := owned("Disk", "a", func(l *coordinationv1.Lease) { l.Labels[lease.LabelRole] = "?" })
	// What other checks are about is not said twice.
	byHand := owned("Cache", "a")
	byHand.Annotations[lease.AnnotationMoveTo] = "gone"
	want(t, checkLeases(stateOf(append(healthy(), odd, torn, strange, byHand)...)),
		`warning Lease ns/op.c-1: member ... | kubectl delete lease -n ns op.c-1`,
		`warning Lease ns/op.disk.example.com: label kindred.dev/role is "?" ... | kubectl delete lease -n ns op.disk.example.com`,
		`warning Lease ns/op.topic.example.com: its name does not begin with its labels`)
}
