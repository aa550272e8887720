package inspect

import (
	"context"
	"fmt"
	"time"

	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	eventsclient "k8s.io/client-go/kubernetes/typed/events/v1"
)

// CollectHistory reads the Events about a kind that a Snapshot has. The API server
// keeps Events for an hour, unless it was told otherwise (--event-ttl).
func CollectHistory(ctx context.Context, client eventsclient.EventsGetter, kind Kind) (*History, error) {
	var all []eventsv1.Event
	query := Query{Namespace: kind.Namespace, Component: kind.Component}
	options := metav1.ListOptions{LabelSelector: query.Selector(), Limit: pageSize}
	for {
		page, err := client.Events(kind.Namespace).List(ctx, options)
		if apierrors.IsForbidden(err) {
			return nil, fmt.Errorf("list Events in %s: %w: let this user list events in the API group %s there", query.place(), err, eventsv1.GroupName)
		}
		if err != nil {
			return nil, query.explain("list", err)
		}
		all = append(all, page.Items...)
		if options.Continue = page.Continue; options.Continue == "" {
			return BuildHistory(kind, all, time.Now()), nil
		}
	}
}
