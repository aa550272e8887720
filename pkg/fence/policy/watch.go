package policy

import (
	admissionv1 "k8s.io/api/admissionregistration/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// WatchName is the name of the policy and the binding of LeaseWatch.
const WatchName = namePrefix + "lease-watch"

// LeaseWatch returns a policy that matches no request, for any number of
// components together. It is to be installed before the policies of Generate and to
// stay when they are taken away.
//
// An API server watches Leases from when the first binding of a policy with Leases
// for parameters appears until the last one goes, and then never again until it is
// restarted (kubernetes/kubernetes#130887): policies that are installed later judge
// by the Leases as they were when it stopped. The binding of this policy is one that
// does not go.
func LeaseWatch() Policy {
	meta := metav1.ObjectMeta{Name: WatchName, Annotations: map[string]string{
		"kindred.dev/keep":                  "do not delete: without it, policies that are installed again judge by old Leases until the API servers are restarted (kubernetes/kubernetes#130887)",
		"helm.sh/resource-policy":           "keep",
		"argocd.argoproj.io/sync-options":   "Prune=false,Delete=false",
		"kustomize.toolkit.fluxcd.io/prune": "disabled",
	}}
	return Policy{
		Policy: &admissionv1.ValidatingAdmissionPolicy{
			TypeMeta:   typeMeta("ValidatingAdmissionPolicy"),
			ObjectMeta: meta,
			Spec: admissionv1.ValidatingAdmissionPolicySpec{
				FailurePolicy: ptr.To(admissionv1.Ignore),
				ParamKind: &admissionv1.ParamKind{
					APIVersion: coordinationv1.SchemeGroupVersion.String(), Kind: "Lease",
				},
				MatchConstraints: matching(rule([]admissionv1.OperationType{admissionv1.Create}, "kindred.dev", "nothing")),
				Validations:      []admissionv1.Validation{{Expression: "true"}},
			},
		},
		Binding: &admissionv1.ValidatingAdmissionPolicyBinding{
			TypeMeta:   typeMeta("ValidatingAdmissionPolicyBinding"),
			ObjectMeta: *meta.DeepCopy(),
			Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
				PolicyName:        WatchName,
				ValidationActions: []admissionv1.ValidationAction{admissionv1.Warn},
			},
		},
	}
}
