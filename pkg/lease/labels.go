package lease

import (
	"k8s.io/apimachinery/pkg/util/validation"
)

// Labels on every Lease of a component. They are what people select on, as in
//
//	kubectl get leases -l kindred.dev/component=widget-operator
//
// and what each replica's one watch selects on.
const (
	// LabelComponent is the component's name.
	LabelComponent = "kindred.dev/component"
	// LabelRole is RoleOwner or RoleMember.
	LabelRole = "kindred.dev/role"
	// LabelKind and LabelGroup say which kind an ownership Lease is about. A
	// group longer than a label value may be (63 characters) has no LabelGroup.
	LabelKind  = "kindred.dev/kind"
	LabelGroup = "kindred.dev/group"
	// LabelBucket says which bucket of the kind an ownership Lease is about, as in
	// 1-of-4. The Lease of a whole kind has none.
	LabelBucket = "kindred.dev/bucket"
	// LabelName is NameGiven on an ownership Lease whose name was given, and does not
	// follow from the component and the kind.
	LabelName = "kindred.dev/name"
)

// NameGiven is the value of LabelName.
const NameGiven = "given"

// Annotations on ownership Leases. They are advice for the plan: no right follows
// from them.
const (
	// AnnotationMoves is how often the shard was moved in a short time. The owner
	// writes it when it releases the Lease.
	AnnotationMoves = "kindred.dev/moves"
	// AnnotationMoveTo is written by "kindred move": the name of the Pod, or the
	// identity, that is to own the shard as long as it can.
	AnnotationMoveTo = "kindred.dev/move-to"
	// AnnotationPaused is written by "kindred pause": the owner is to stay as long as
	// it can. Any value but "false" counts.
	AnnotationPaused = "kindred.dev/paused"
)

// AnnotationSplit marks the Lease of a whole kind that was split into buckets at some
// time. Whoever takes that Lease has to make sure that no bucket has an owner. It is
// never taken off again.
const AnnotationSplit = "kindred.dev/split"

// Annotations on the Events about ownership Leases (pkg/observe/events), for programs.
// "kindred history" reads them.
const (
	// AnnotationTerm is the term's token, AnnotationHolder its owner's identity.
	AnnotationTerm   = "kindred.dev/term"
	AnnotationHolder = "kindred.dev/holder"
	// AnnotationReason is the name of the reason, such as Moved.
	AnnotationReason = "kindred.dev/reason"
	// AnnotationTo is the identity of the replica that the shard was given to, where it
	// is known.
	AnnotationTo = "kindred.dev/to"
	// AnnotationAfter is how the shard had come to have no owner before the term:
	// Released, Expired, Deleted, or Unknown (observe.Vacancy).
	AnnotationAfter = "kindred.dev/after"
	// AnnotationWithout is for how long nobody had the shard before the term, as the
	// owner saw it, and AnnotationHeld how long the term has lasted: Go durations.
	AnnotationWithout = "kindred.dev/without-owner"
	AnnotationHeld    = "kindred.dev/held"
)

// Values of LabelRole.
const (
	RoleOwner  = "owner"
	RoleMember = "member"
)

// ComponentLabels returns the label that selects all Leases of a component.
func ComponentLabels(component string) map[string]string {
	return map[string]string{LabelComponent: component}
}

// Labels returns the labels of the shard's ownership Lease.
func (s Shard) Labels(component string) map[string]string {
	labels := map[string]string{
		LabelComponent: component,
		LabelRole:      RoleOwner,
		LabelKind:      s.Kind.Kind,
	}
	if s.Kind.Group != "" && len(validation.IsValidLabelValue(s.Kind.Group)) == 0 {
		labels[LabelGroup] = s.Kind.Group
	}
	if s.Of > 0 {
		labels[LabelBucket] = s.Part()
	}
	return labels
}

// MemberLabels returns the labels of a member Lease.
func MemberLabels(component string) map[string]string {
	return map[string]string{LabelComponent: component, LabelRole: RoleMember}
}
