package policy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/kindred-k8s/kindred/pkg/fence"
)

// Pauses between two tries of WaitUntilSeen. The API server's watch of Leases is
// milliseconds late.
const (
	firstSeenPause = 5 * time.Millisecond
	lastSeenPause  = 500 * time.Millisecond
)

// nothing is a merge patch that changes nothing.
var nothing = []byte("{}")

// WaitUntilSeen returns nil once the API server has seen that this Pod holds the
// kind's Lease: it lets this Pod's writes through, and refuses those of the owner
// before. A new owner calls it before its first write.
//
// It makes one dry run of an empty patch to the status of any one object of resource
// in namespace ("" for all), and again until the policy admits it. Nothing is
// written. Of all writes this is the one that an owner is always allowed, and the
// policy judges it like every other. It takes the rights to list the objects and to
// patch their status, and admission webhooks for that must allow dry runs
// (sideEffects None or NoneOnDryRun). When there is no object there is nothing that
// an owner before could spoil, and it returns at once; so it does when no policy is
// installed.
//
// client uses this Pod's own token. When it is guarded (fence.Wrap), ctx must carry
// the term. What is seen is seen by the API server that has answered; see
// docs/fence-server.md about several.
func WaitUntilSeen(ctx context.Context, client dynamic.Interface, resource schema.GroupVersionResource, namespace string) error {
	objects := client.Resource(resource)
	pause := firstSeenPause
	for {
		err := dryRun(ctx, objects, namespace)
		if err == nil || !IsRefused(err) && !passes(err) {
			return explainSeen(resource, err)
		}
		select {
		case <-ctx.Done():
			return explainSeen(resource, fmt.Errorf("%w; last: %w", context.Cause(ctx), err))
		case <-time.After(pause):
			pause = min(2*pause, lastSeenPause)
		}
	}
}

// dryRun makes one try.
func dryRun(ctx context.Context, objects dynamic.NamespaceableResourceInterface, namespace string) error {
	list, err := objects.Namespace(namespace).List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil || len(list.Items) == 0 {
		return err
	}
	object := list.Items[0]
	_, err = objects.Namespace(object.GetNamespace()).Patch(ctx, object.GetName(), types.MergePatchType, nothing,
		metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}}, "status")
	return err
}

// passes says whether an error other than a refusal may be another next time.
func passes(err error) bool {
	if errors.Is(err, fence.ErrNoTerm) || errors.Is(err, fence.ErrDeposed) {
		return false
	}
	var status apierrors.APIStatus
	switch {
	case !errors.As(err, &status):
		return true // no answer; whether it is because ctx has ended, ctx says
	case apierrors.IsNotFound(err):
		return !noSuchResource(err) // the object has been deleted meanwhile
	}
	return apierrors.IsConflict(err) || apierrors.IsTooManyRequests(err) || status.Status().Code >= http.StatusInternalServerError
}

// noSuchResource: the API server does not know the path, rather than the object.
func noSuchResource(err error) bool {
	return apierrors.IsNotFound(err) && apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse)
}

// explainSeen says what was waited for and what to do.
func explainSeen(resource schema.GroupVersionResource, err error) error {
	switch {
	case err == nil:
		return nil
	case apierrors.IsForbidden(err) && !IsRefused(err):
		err = fmt.Errorf("%w: let the service account list %s and patch %[2]s/status", err, resource.Resource)
	case noSuchResource(err):
		err = fmt.Errorf("%w: the API server must serve the kind, with a status subresource", err)
	}
	return fmt.Errorf("waiting until the API server has seen who owns %s now: %w", resource.GroupResource(), err)
}
