package doctor

import (
	"context"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/pkg/fence/policy"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// resources asks the API server which of the kinds it serves, group by group.
func (g *gatherer) resources(ctx context.Context) {
	groups, err := g.client.Discovery().ServerGroups()
	if err != nil {
		g.miss("installed", "get", "the discovery API", err)
		return
	}
	wanted := map[string]bool{}
	for _, k := range g.state.after.Kinds {
		wanted[k.Group] = true
	}
	found := map[schema.GroupKind]string{}
	for _, group := range groups.Groups {
		if !wanted[group.Name] {
			continue
		}
		for _, version := range group.Versions {
			list, err := g.client.Discovery().ServerResourcesForGroupVersion(version.GroupVersion)
			if err != nil {
				g.miss("installed", "get", "the discovery API of "+version.GroupVersion, err)
				return
			}
			for _, resource := range list.APIResources {
				kind := schema.GroupKind{Group: group.Name, Kind: resource.Kind}
				if resource.Group != "" && resource.Group != group.Name || strings.Contains(resource.Name, "/") {
					continue // a subresource
				}
				found[kind] = resource.Name
			}
		}
	}
	g.state.resources = found
}

// policies reads what "kindred policy" has printed and somebody has applied.
func (g *gatherer) policies(ctx context.Context) {
	policies, bindings := map[string]*admissionv1.ValidatingAdmissionPolicy{}, map[string]*admissionv1.ValidatingAdmissionPolicyBinding{}
	client := g.client.AdmissionregistrationV1()
	ours := metav1.ListOptions{LabelSelector: lease.LabelComponent}
	listed, err := client.ValidatingAdmissionPolicies().List(ctx, ours)
	if err != nil {
		g.miss("policies", "list", "validatingadmissionpolicies", err)
		return
	}
	for i := range listed.Items {
		policies[listed.Items[i].Name] = &listed.Items[i]
	}
	bound, err := client.ValidatingAdmissionPolicyBindings().List(ctx, ours)
	if err != nil {
		g.miss("policies", "list", "validatingadmissionpolicybindings", err)
		return
	}
	for i := range bound.Items {
		bindings[bound.Items[i].Name] = &bound.Items[i]
	}
	if one, err := client.ValidatingAdmissionPolicies().Get(ctx, policy.WatchName, metav1.GetOptions{}); err == nil {
		policies[one.Name] = one
	} else if !apierrors.IsNotFound(err) {
		g.miss("policies", "get", "validatingadmissionpolicies", err)
		return
	}
	if one, err := client.ValidatingAdmissionPolicyBindings().Get(ctx, policy.WatchName, metav1.GetOptions{}); err == nil {
		bindings[one.Name] = one
	} else if !apierrors.IsNotFound(err) {
		g.miss("policies", "get", "validatingadmissionpolicybindings", err)
		return
	}
	g.state.policies, g.state.bindings = policies, bindings
}
