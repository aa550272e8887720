package inspect

import (
	"context"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Query says which Leases to look at.
type Query struct {
	// Namespace is where the Leases are; empty means all namespaces.
	Namespace string
	// Component is the controller's name; empty means all components.
	Component string
}

// Selector is the label selector, as kubectl get leases -l takes it.
func (q Query) Selector() string {
	if q.Component == "" {
		return lease.LabelComponent
	}
	return lease.LabelComponent + "=" + q.Component
}

// place says where the query looks, for messages.
func (q Query) place() string {
	if q.Namespace == "" {
		return "all namespaces"
	}
	return fmt.Sprintf("namespace %q", q.Namespace)
}

// explain puts into words what to do about an error of the Lease API.
func (q Query) explain(verb string, err error) error {
	fix := ""
	switch {
	case apierrors.IsForbidden(err):
		fix = fmt.Sprintf(": let this user %s leases in the API group %s in %s", verb, coordinationv1.GroupName, q.place())
		if q.Namespace == "" {
			fix += ", or ask for one namespace"
		}
	case apierrors.IsUnauthorized(err):
		fix = ": log in again, or choose another context of the kubeconfig"
	case utilnet.IsConnectionRefused(err):
		fix = ": no API server listens there; choose another kubeconfig (--kubeconfig, KUBECONFIG) or context"
	}
	return fmt.Errorf("%s Leases in %s: %w%s", verb, q.place(), err, fix)
}

// pageSize bounds one answer of the API server.
const pageSize = 500

// Collect lists the Leases once.
func Collect(ctx context.Context, client coordinationclient.LeasesGetter, query Query) (*Snapshot, error) {
	list, err := List(ctx, client, query)
	if err != nil {
		return nil, err
	}
	return Build(list.Items, time.Now()), nil
}

// List returns the Leases themselves, with the version from which a watch can go on.
func List(ctx context.Context, client coordinationclient.LeasesGetter, query Query) (*coordinationv1.LeaseList, error) {
	var leases []coordinationv1.Lease
	options := metav1.ListOptions{LabelSelector: query.Selector(), Limit: pageSize}
	for {
		page, err := client.Leases(query.Namespace).List(ctx, options)
		if err != nil {
			return nil, query.explain("list", err)
		}
		leases = append(leases, page.Items...)
		if options.Continue = page.Continue; options.Continue == "" {
			page.Items = leases
			return page, nil
		}
	}
}
