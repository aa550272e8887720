package steer

import (
	"context"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// Reasons of the Events.
const (
	moveRequested  = "KindMoveRequested"
	moveWithdrawn  = "KindMoveWithdrawn"
	pauseRequested = "RebalancingPaused"
	pauseWithdrawn = "RebalancingResumed"
)

// reporter is the Events' reporting component.
const reporter = "kindred"

// event makes an Event about the Lease, which "kubectl describe lease" shows. One
// that cannot be made is worth a warning and no more: what it would tell is done.
func (s *session) event(ctx context.Context, kind inspect.Kind, c change) {
	note := kind.Name() + " " + c.said
	if s.reason != "" {
		note += ": " + s.reason
	}
	event := &eventsv1.Event{
		ObjectMeta: metav1.ObjectMeta{Namespace: kind.Namespace, GenerateName: "kindred-"},
		Regarding: corev1.ObjectReference{
			APIVersion: coordinationv1.SchemeGroupVersion.String(), Kind: "Lease",
			Namespace: kind.Namespace, Name: kind.Lease, UID: types.UID(kind.UID),
		},
		EventTime: metav1.NewMicroTime(time.Now()), Type: corev1.EventTypeNormal,
		Reason: c.reason, Action: c.action, Note: note,
		ReportingController: reporter, ReportingInstance: s.name,
	}
	_, err := s.events.Events(kind.Namespace).Create(ctx, event, metav1.CreateOptions{FieldManager: reporter})
	if err == nil {
		return
	}
	fix := ""
	if apierrors.IsForbidden(err) {
		fix = fmt.Sprintf(": let this user create events in the API group %s in namespace %q; %s", eventsv1.GroupName, kind.Namespace, role)
	}
	fmt.Fprintf(s.ErrOut, "warning: it is done, but there is no Event about it: %v%s\n", err, fix)
}
