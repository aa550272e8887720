package policy

import (
	"fmt"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// What the API server adds to the identity of a request that was made with a token
// that is bound to a Pod.
const (
	extraPodName = "authentication.kubernetes.io/pod-name"
	extraPodUID  = "authentication.kubernetes.io/pod-uid"
)

// variables are the same in every policy.
var variables = []admissionv1.Variable{
	{Name: "podName", Expression: extra(extraPodName)},
	{Name: "podUID", Expression: extra(extraPodUID)},
	{Name: "holder", Expression: "has(params.spec) && has(params.spec.holderIdentity) ? params.spec.holderIdentity : ''"},
	// <Pod name>_<suffix>, or <Pod name>_<Pod UID>_<suffix>. In the first form the
	// suffix may look like a UID and be none: client-go's users write random ones.
	{Name: "holderName", Expression: "variables.holder.split('_')[0]"},
	{Name: "holderUID", Expression: "variables.holder.matches('^[^_]*_" + uid + "_') ? variables.holder.split('_')[1] : ''"},
}

const uid = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

// extra is the value of a key in the identity's extra fields, or ”.
func extra(key string) string {
	return fmt.Sprintf("has(request.userInfo.extra) && '%[1]s' in request.userInfo.extra ? request.userInfo.extra['%[1]s'][0] : ''", key)
}

// conditions leave alone what is not of the area or not by the service account.
func (f fenced) conditions() []admissionv1.MatchCondition {
	account := f.options.ServiceAccount
	conditions := []admissionv1.MatchCondition{{
		Name:       "service-account",
		Expression: fmt.Sprintf("request.userInfo.username == 'system:serviceaccount:%s:%s'", account.Namespace, account.Name),
	}}
	switch f.area {
	case Finalizers:
		conditions = append(conditions, admissionv1.MatchCondition{
			Name: "finalizers-change",
			Expression: "(has(object.metadata.finalizers) ? object.metadata.finalizers : []) != " +
				"(has(oldObject.metadata.finalizers) ? oldObject.metadata.finalizers : [])",
		})
	case Children:
		// An owner reference that is taken away counts, and so does one that is added.
		conditions = append(conditions, admissionv1.MatchCondition{
			Name: "owner-reference",
			Expression: "[object, oldObject].exists(o, o != null && has(o.metadata.ownerReferences) && " +
				"o.metadata.ownerReferences.exists(r, " + f.refersToKind("r") + "))",
		})
	}
	return conditions
}

// refersToKind says whether an owner reference is to an object of the kind, in
// whatever version.
func (f fenced) refersToKind(r string) string {
	group := fmt.Sprintf("%s.apiVersion.startsWith('%s/')", r, f.kind.Group)
	if f.kind.Group == "" {
		group = fmt.Sprintf("!%s.apiVersion.contains('/')", r)
	}
	return fmt.Sprintf("%s.kind == '%s' && %s", r, f.kind.Kind, group)
}

// validations are what a write of the area by the service account must pass.
func (f fenced) validations() []admissionv1.Validation {
	only := fmt.Sprintf("only the Pod that holds Lease %s/%s, the owner of %s, may %s",
		f.options.Namespace, f.lease, f.kind.GroupKind, f.what())
	return []admissionv1.Validation{
		{
			Expression: "variables.podName != ''",
			Message: only + ", and this token does not say which Pod uses it: " +
				"use the token that is mounted into the Pod, or one that is bound to it (kubectl create token --bound-object-kind Pod)",
			Reason: ptr.To(metav1.StatusReasonForbidden),
		},
		{
			Expression: "variables.holderName == variables.podName && variables.holderUID in ['', variables.podUID]",
			Message: only + ": this replica's term is over and it must stop; " +
				"if it does hold the Lease, let its identity begin with its Pod's name and _",
			MessageExpression: strings.Join([]string{
				"'" + only + "; this is Pod ' + variables.podName + ' and ' + ",
				"(variables.holder == '' ? 'nobody holds the Lease' : 'the holder is ' + variables.holder) + ",
				"': this replica\\'s term is over and it must stop; if it does hold the Lease, let its identity begin with its Pod\\'s name and _'",
			}, ""),
			Reason: ptr.To(metav1.StatusReasonForbidden),
		},
	}
}
