package leaseapi

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	applyv1 "k8s.io/client-go/applyconfigurations/coordination/v1"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"
)

// Fault is what goes wrong with one request. The zero value is nothing.
type Fault struct {
	// Delay is waited before the request is carried out.
	Delay time.Duration
	// AnswerDelay is waited after it was carried out and before the answer: the watch
	// is faster.
	AnswerDelay time.Duration
	// Err is the answer; the request is not carried out.
	Err error
	// LoseAnswer carries the request out and answers with a time-out.
	LoseAnswer bool
	// Hang never answers, until the request's context ends.
	Hang bool
}

// Client is one client's view of an API.
type Client struct {
	api *API
	// Faults is asked before each request, when set; verb is get, list, watch,
	// create, update, patch or delete, and name is empty for list and watch.
	faults func(verb, name string) Fault
}

var _ coordinationv1client.LeasesGetter = (*Client)(nil)

// Client returns a client. faults may be nil.
func (a *API) Client(faults func(verb, name string) Fault) *Client {
	return &Client{api: a, faults: faults}
}

// Leases returns the client for one namespace.
func (c *Client) Leases(namespace string) coordinationv1client.LeaseInterface {
	return &leases{client: c, namespace: namespace}
}

type leases struct {
	client    *Client
	namespace string
}

// IsWatchListSemanticsUnSupported tells reflectors to list and then watch.
func (l *leases) IsWatchListSemanticsUnSupported() bool { return true }

// request carries one request out, with its fault.
func request[T any](ctx context.Context, l *leases, verb, name string, do func(a *API) (T, error)) (T, error) {
	var none T
	var fault Fault
	if l.client.faults != nil {
		fault = l.client.faults(verb, name)
	}
	if fault.Hang {
		<-ctx.Done()
	}
	if err := pause(ctx, fault.Delay); err != nil {
		return none, fmt.Errorf("%s %s: %w", verb, name, err)
	}
	if fault.Err != nil {
		return none, fault.Err
	}
	a := l.client.api
	a.mu.Lock()
	a.requests[verb]++
	result, err := do(a)
	a.mu.Unlock()
	if err := pause(ctx, fault.AnswerDelay); err != nil {
		return none, fmt.Errorf("%s %s: %w", verb, name, err)
	}
	if fault.LoseAnswer {
		return none, apierrors.NewTimeoutError(fmt.Sprintf("the answer to %s %s was lost", verb, name), 0)
	}
	return result, err
}

// pause waits for d, or until ctx ends, which is its error.
func pause(ctx context.Context, d time.Duration) error {
	if d > 0 {
		select {
		case <-time.After(d):
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

func (l *leases) Get(ctx context.Context, name string, _ metav1.GetOptions) (*coordinationv1.Lease, error) {
	return request(ctx, l, "get", name, func(a *API) (*coordinationv1.Lease, error) {
		if found := a.objects[types.NamespacedName{Namespace: l.namespace, Name: name}]; found != nil {
			return found.DeepCopy(), nil
		}
		return nil, apierrors.NewNotFound(resource, name)
	})
}

func (l *leases) Create(ctx context.Context, o *coordinationv1.Lease, _ metav1.CreateOptions) (*coordinationv1.Lease, error) {
	return request(ctx, l, "create", o.Name, func(a *API) (*coordinationv1.Lease, error) { return a.create(l.namespace, o) })
}

func (l *leases) Update(ctx context.Context, o *coordinationv1.Lease, _ metav1.UpdateOptions) (*coordinationv1.Lease, error) {
	return request(ctx, l, "update", o.Name, func(a *API) (*coordinationv1.Lease, error) { return a.update(l.namespace, o) })
}

func (l *leases) Delete(ctx context.Context, name string, o metav1.DeleteOptions) error {
	_, err := request(ctx, l, "delete", name, func(a *API) (struct{}, error) {
		return struct{}{}, a.remove(l.namespace, name, o.Preconditions)
	})
	return err
}

// Patch takes a merge patch of labels and annotations, which is all that Kindred
// sends.
func (l *leases) Patch(ctx context.Context, name string, kind types.PatchType, data []byte, _ metav1.PatchOptions, _ ...string) (*coordinationv1.Lease, error) {
	return request(ctx, l, "patch", name, func(a *API) (*coordinationv1.Lease, error) {
		old := a.objects[types.NamespacedName{Namespace: l.namespace, Name: name}]
		if old == nil {
			return nil, apierrors.NewNotFound(resource, name)
		}
		patched := old.DeepCopy()
		if kind != types.MergePatchType {
			return nil, apierrors.NewBadRequest("only merge patches")
		}
		// Decoding into what is there merges maps, which is what a merge patch does.
		if err := json.Unmarshal(data, patched); err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
		return a.update(l.namespace, patched)
	})
}

func (l *leases) List(ctx context.Context, o metav1.ListOptions) (*coordinationv1.LeaseList, error) {
	selector, err := labels.Parse(o.LabelSelector)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	return request(ctx, l, "list", "", func(a *API) (*coordinationv1.LeaseList, error) { return a.list(l.namespace, selector), nil })
}

func (l *leases) Watch(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
	selector, err := labels.Parse(o.LabelSelector)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	return request(ctx, l, "watch", "", func(a *API) (watch.Interface, error) {
		return a.watch(ctx, l.namespace, selector, o.ResourceVersion)
	})
}

func (l *leases) DeleteCollection(context.Context, metav1.DeleteOptions, metav1.ListOptions) error {
	return apierrors.NewMethodNotSupported(resource, "deletecollection")
}

func (l *leases) Apply(context.Context, *applyv1.LeaseApplyConfiguration, metav1.ApplyOptions) (*coordinationv1.Lease, error) {
	return nil, apierrors.NewMethodNotSupported(resource, "apply")
}
