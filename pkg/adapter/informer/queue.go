package informer

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"

	"github.com/kindred-k8s/kindred/pkg/bucket"
	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// queue is the work queue of one term.
type queue struct {
	workqueue.TypedRateLimitingInterface[cache.ObjectName]
	// has says whether an object is in the term's bucket: the others have no place here.
	has func(types.NamespacedName) bool
	log klog.Logger
}

func newQueue(o Options, term lease.Term, log klog.Logger) queue {
	// Several buckets of one kind may be here at once: their metrics must not be one.
	name := o.Name
	if part := term.Shard.Part(); part != "" {
		name += "/" + part
	}
	return queue{
		has: bucket.Of(term),
		TypedRateLimitingInterface: workqueue.NewTypedRateLimitingQueueWithConfig(o.RateLimiter(),
			workqueue.TypedRateLimitingQueueConfig[cache.ObjectName]{Name: name}),
		log: log,
	}
}

// handler queues the key of every object that an event is about.
func (q queue) handler() cache.ResourceEventHandler {
	add := func(object any) {
		key, err := cache.DeletionHandlingObjectToName(object)
		if err != nil {
			q.log.Error(err, "An event is about something that has no name; it is left out")
			return
		}
		if q.has(types.NamespacedName(key)) {
			q.Add(key)
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    add,
		UpdateFunc: func(_, object any) { add(object) },
		DeleteFunc: add,
	}
}

type reconcile func(ctx context.Context, term lease.Term, key cache.ObjectName) error

// work reconciles what the queue holds until it is shut down.
func (q queue) work(ctx context.Context, term lease.Term, do reconcile) {
	for {
		key, shutdown := q.Get()
		if shutdown {
			return
		}
		q.one(ctx, term, key, do)
	}
}

func (q queue) one(ctx context.Context, term lease.Term, key cache.ObjectName, do reconcile) {
	defer q.Done(key)
	if ctx.Err() != nil {
		return // a queue that was shut down still hands out what is left in it
	}
	began := time.Now()
	err := do(ctx, term, key)
	coordinator.Busy(ctx, time.Since(began))
	switch {
	case err == nil:
		q.Forget(key)
	case ctx.Err() != nil:
		// The next term begins with every object, this one too.
		q.log.V(1).Info("Abandoned at the end of the term", "object", key.String(), "err", err.Error())
	case apierrors.IsConflict(err):
		// The cache was behind, which is ordinary; the newer object is on its way.
		q.log.V(1).Info("Met a newer version of the object; it is tried again", "object", key.String())
		q.AddRateLimited(key)
	default:
		q.log.Error(err, "Reconciling failed; it is tried again", "object", key.String(), "failures", q.NumRequeues(key)+1)
		q.AddRateLimited(key)
	}
}
