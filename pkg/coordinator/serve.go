package coordinator

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"

	"github.com/kindred-k8s/kindred/pkg/elect"
)

// Pauses between two looks for a kind that is not there, and between two starts
// of a standby that ended.
const (
	firstServePause = time.Second
	lastServePause  = 10 * time.Second
)

// serve waits until the kind exists, then offers this replica for it, and keeps
// its standby running.
func (r *registered) serve(life context.Context) {
	operation := "kind " + r.kind.String()
	pause := firstServePause
	wait := func() bool {
		select {
		case <-life.Done():
			return false
		case <-time.After(pause):
			pause = min(2*pause, lastServePause)
			return true
		}
	}
	for {
		err := r.c.options.KindExists(life, r.kind)
		if life.Err() != nil {
			return
		}
		r.c.problems.report(operation, err)
		if err == nil {
			break
		}
		if !wait() {
			return
		}
	}
	standby, warm := r.reconciler.(StandbyReconciler)
	if !warm {
		r.offer(true)
		return
	}
	pause = firstServePause
	for {
		r.offer(true)
		err := standby.Standby(life)
		if life.Err() != nil {
			return
		}
		if err == nil {
			err = errors.New("it returned before its context was cancelled")
		}
		r.offer(false)
		r.c.problems.report(operation, fmt.Errorf("standby of %s: %w", r.kind, err))
		if !wait() {
			return
		}
	}
}

// offer says whether this replica can run the kind, in all its buckets.
func (r *registered) offer(ok bool) {
	for _, k := range r.shards {
		r.c.queue.put(elect.Serves{Shard: k.shard, OK: ok})
	}
}

// discovered returns a KindExists that asks the discovery API.
func discovered(client discovery.DiscoveryInterfaceWithContext) func(context.Context, schema.GroupKind) error {
	return func(ctx context.Context, kind schema.GroupKind) error {
		groups, err := client.ServerGroupsWithContext(ctx)
		if err != nil {
			return fmt.Errorf("asking the API server for its groups: %w", err)
		}
		var versions []string
		for _, group := range groups.Groups {
			if group.Name != kind.Group {
				continue
			}
			for _, version := range group.Versions {
				versions = append(versions, version.GroupVersion)
			}
		}
		for _, version := range versions {
			resources, err := client.ServerResourcesForGroupVersionWithContext(ctx, version)
			if apierrors.IsNotFound(err) {
				continue // a CRD that has just been deleted
			}
			if err != nil {
				return fmt.Errorf("asking the API server for the resources of %s: %w", version, err)
			}
			for _, resource := range resources.APIResources {
				if resource.Kind == kind.Kind && !strings.Contains(resource.Name, "/") {
					return nil
				}
			}
		}
		return fmt.Errorf("the API server does not serve %s yet: install its CustomResourceDefinition; the other kinds run meanwhile", kind)
	}
}
