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
	return labels
}

// MemberLabels returns the labels of a member Lease.
func MemberLabels(component string) map[string]string {
	return map[string]string{LabelComponent: component, LabelRole: RoleMember}
}
