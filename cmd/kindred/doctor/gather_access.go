package doctor

import (
	"context"

	authorizationv1 "k8s.io/api/authorization/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// needed is what a replica asks of the API server for the election, with the verbs in
// config/rbac. What Kindred works without says what it is for.
var needed = []struct {
	group, resource string
	verbs           []string
	optional        string
}{
	{coordinationv1.GroupName, "leases", []string{"get", "list", "watch", "create", "update", "patch", "delete"}, ""},
	{"", "pods", []string{"get", "list", "watch"}, "with it, what a container owned that has ended is taken over at once, not when its Leases expire"},
	{eventsv1.GroupName, "events", []string{"create"}, "with it, Events tell who owned what, and why it moved (kindred history)"},
}

// access asks the API server what the replicas may do. It takes the permission to
// create SubjectAccessReviews; with --as, it asks as that user, which takes none.
func (g *gatherer) access(ctx context.Context) {
	for _, c := range g.state.components() {
		if g.impersonated != "" && g.account == "" {
			g.reviewAll(ctx, c, g.impersonated, nil)
			continue
		}
		accounts := g.state.accounts[c]
		if len(accounts) == 0 {
			g.state.miss("rbac", "give --service-account [NAMESPACE/]NAME", "the replicas of %s have no Pods that this user can see, so their ServiceAccount is not known", c)
		}
		for _, account := range accounts {
			if !g.reviewAll(ctx, c, serviceAccountPrefix+account.Namespace+":"+account.Name, &account) {
				return
			}
		}
	}
}

// reviewAll asks for everything that is needed; false when it may not ask.
func (g *gatherer) reviewAll(ctx context.Context, c component, user string, account *types.NamespacedName) bool {
	for _, need := range needed {
		for _, verb := range need.verbs {
			attributes := &authorizationv1.ResourceAttributes{Namespace: c.namespace, Verb: verb, Group: need.group, Resource: need.resource}
			if need.resource == "pods" && account != nil {
				attributes.Namespace = account.Namespace
			}
			allowed, err := g.review(ctx, attributes, user, account)
			if err != nil {
				g.miss("rbac", "create", "subjectaccessreviews.authorization.k8s.io", err)
				return false
			}
			g.state.access = append(g.state.access, access{
				component: c, account: user, verb: verb, group: need.group, resource: need.resource,
				namespace: attributes.Namespace, optional: need.optional, allowed: allowed,
			})
		}
	}
	return true
}

// review asks for a ServiceAccount, or for the user that this client is.
func (g *gatherer) review(ctx context.Context, attributes *authorizationv1.ResourceAttributes, user string, account *types.NamespacedName) (bool, error) {
	client := g.client.AuthorizationV1()
	if account == nil {
		answer, err := client.SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
			Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: attributes},
		}, metav1.CreateOptions{})
		if err != nil {
			return false, err
		}
		return answer.Status.Allowed, nil
	}
	answer, err := client.SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{
			ResourceAttributes: attributes, User: user,
			Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + account.Namespace, "system:authenticated"},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return false, err
	}
	return answer.Status.Allowed, nil
}
