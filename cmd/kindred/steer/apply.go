package steer

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// role is what gives a person the permissions.
const role = "the ClusterRole kindred-by-hand, config/rbac/by_hand_role.yaml, has what is needed"

// change is what is done to the Lease of one kind.
type change struct {
	// annotations are written; a nil takes one off. None at all: there is nothing to
	// do, as said says.
	annotations map[string]any
	// said follows the kind in what is printed, and stands in the Event.
	said string
	// reason and action are the Event's.
	reason, action string
}

// apply writes the annotations, says so, and makes the Event.
func (s *session) apply(ctx context.Context, kind inspect.Kind, c change) error {
	if len(c.annotations) == 0 {
		s.say(kind, c.said, "")
		return nil
	}
	if kind.UID == "" {
		return fmt.Errorf("%s has no Lease yet, so nothing can be written on it: try again when a replica has taken the kind", kind.Name())
	}
	dry := ""
	if s.dryRun != dryNone {
		dry = " (" + s.dryRun + " dry run)"
	}
	if s.dryRun != dryClient {
		if err := s.patch(ctx, kind, c.annotations); err != nil {
			return err
		}
	}
	s.say(kind, c.said, dry)
	if dry == "" {
		s.event(ctx, kind, c)
	}
	return nil
}

func (s *session) say(kind inspect.Kind, said, dry string) {
	fmt.Fprintln(s.Out, inspect.Printable(kind.Name()+"  "+said+dry))
}

// patch writes the annotations on the Lease that was looked at: the UID is part of
// the patch, so another Lease of the same name refuses it. What else has changed of
// the Lease since, such as its owner, does no harm.
func (s *session) patch(ctx context.Context, kind inspect.Kind, annotations map[string]any) error {
	text, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": kind.UID, "annotations": annotations}})
	if err != nil {
		return err
	}
	options := metav1.PatchOptions{FieldManager: "kindred"}
	if s.dryRun == dryServer {
		options.DryRun = []string{metav1.DryRunAll}
	}
	_, err = s.leases.Leases(kind.Namespace).Patch(ctx, kind.Lease, types.MergePatchType, text, options)
	if err == nil {
		return nil
	}
	fix := ""
	switch {
	case apierrors.IsForbidden(err):
		fix = fmt.Sprintf(": let this user patch leases in the API group %s in namespace %q; %s", coordinationv1.GroupName, kind.Namespace, role)
	case apierrors.IsNotFound(err), apierrors.IsConflict(err), apierrors.IsInvalid(err) && strings.Contains(err.Error(), "metadata.uid"):
		fix = ": somebody has deleted the Lease meanwhile; try again"
	}
	return fmt.Errorf("%s: patch Lease %s/%s: %w%s", kind.Name(), kind.Namespace, kind.Lease, err, fix)
}
