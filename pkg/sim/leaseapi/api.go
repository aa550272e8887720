package leaseapi

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

var resource = coordinationv1.Resource("leases")

// API holds the Leases. Clients of it are made with Client. Safe for concurrent
// use.
type API struct {
	mu       sync.Mutex
	version  int64
	uids     int
	objects  map[types.NamespacedName]*coordinationv1.Lease
	history  []change // every change, in the order of its version
	watchers map[*watcher]bool
	requests map[string]int
}

// change is one entry of the history: before is nil for a creation and after for
// a deletion.
type change struct {
	version       int64
	before, after *coordinationv1.Lease
}

// New returns an API without Leases.
func New() *API {
	return &API{
		version:  1, // zero means "any" in the API
		objects:  map[types.NamespacedName]*coordinationv1.Lease{},
		watchers: map[*watcher]bool{},
		requests: map[string]int{},
	}
}

// Requests returns how many requests were answered, by verb.
func (a *API) Requests() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.requests)
}

// BreakWatches ends all open watches, as an API server that restarts does.
func (a *API) BreakWatches() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for w := range a.watchers {
		delete(a.watchers, w)
		w.end()
	}
}

// put stores l as a new state and tells the watchers. before is the old state.
func (a *API) put(before, l *coordinationv1.Lease) *coordinationv1.Lease {
	a.version++
	l = l.DeepCopy()
	l.ResourceVersion = strconv.FormatInt(a.version, 10)
	a.objects[types.NamespacedName{Namespace: l.Namespace, Name: l.Name}] = l
	a.record(change{version: a.version, before: before, after: l})
	return l.DeepCopy()
}

func (a *API) record(c change) {
	a.history = append(a.history, c)
	for w := range a.watchers {
		w.tell(c)
	}
}

func (a *API) create(namespace string, l *coordinationv1.Lease) (*coordinationv1.Lease, error) {
	key := types.NamespacedName{Namespace: namespace, Name: l.Name}
	if a.objects[key] != nil {
		return nil, apierrors.NewAlreadyExists(resource, l.Name)
	}
	a.uids++
	l = l.DeepCopy()
	l.Namespace = namespace
	l.UID = types.UID(fmt.Sprintf("uid-%d", a.uids))
	return a.put(nil, l), nil
}

func (a *API) update(namespace string, l *coordinationv1.Lease) (*coordinationv1.Lease, error) {
	key := types.NamespacedName{Namespace: namespace, Name: l.Name}
	old := a.objects[key]
	switch {
	case old == nil && l.UID != "":
		return nil, apierrors.NewConflict(resource, l.Name, fmt.Errorf("the object with UID %s is gone", l.UID))
	case old == nil:
		return nil, apierrors.NewNotFound(resource, l.Name)
	case l.UID != "" && l.UID != old.UID:
		return nil, apierrors.NewConflict(resource, l.Name, fmt.Errorf("the UID is %s, not %s", old.UID, l.UID))
	case l.ResourceVersion != "" && l.ResourceVersion != old.ResourceVersion:
		return nil, apierrors.NewConflict(resource, l.Name, fmt.Errorf("the version is %s, not %s", old.ResourceVersion, l.ResourceVersion))
	}
	l = l.DeepCopy()
	l.Namespace, l.UID = namespace, old.UID
	return a.put(old, l), nil
}

func (a *API) remove(namespace, name string, conditions *metav1.Preconditions) error {
	key := types.NamespacedName{Namespace: namespace, Name: name}
	old := a.objects[key]
	if old == nil {
		return apierrors.NewNotFound(resource, name)
	}
	if c := conditions; c != nil {
		if c.UID != nil && *c.UID != old.UID || c.ResourceVersion != nil && *c.ResourceVersion != old.ResourceVersion {
			return apierrors.NewConflict(resource, name, fmt.Errorf("precondition failed"))
		}
	}
	delete(a.objects, key)
	a.version++
	gone := old.DeepCopy()
	gone.ResourceVersion = strconv.FormatInt(a.version, 10)
	a.record(change{version: a.version, before: gone})
	return nil
}

func (a *API) list(namespace string, selector labels.Selector) *coordinationv1.LeaseList {
	list := &coordinationv1.LeaseList{}
	list.ResourceVersion = strconv.FormatInt(a.version, 10)
	for _, l := range a.objects {
		if l.Namespace == namespace && selector.Matches(labels.Set(l.Labels)) {
			list.Items = append(list.Items, *l.DeepCopy())
		}
	}
	slices.SortFunc(list.Items, func(x, y coordinationv1.Lease) int {
		if x.Name < y.Name {
			return -1
		}
		return 1
	})
	return list
}

// watch begins after version; every change since then is told first.
func (a *API) watch(ctx context.Context, namespace string, selector labels.Selector, version string) (watch.Interface, error) {
	after := a.version
	if version != "" && version != "0" {
		var err error
		if after, err = strconv.ParseInt(version, 10, 64); err != nil {
			return nil, apierrors.NewBadRequest("resourceVersion: " + err.Error())
		}
	}
	w := newWatcher(ctx, namespace, selector)
	for _, c := range a.history {
		if c.version > after {
			w.tell(c)
		}
	}
	a.watchers[w] = true
	go func() {
		w.pump()
		a.mu.Lock()
		delete(a.watchers, w)
		a.mu.Unlock()
	}()
	return w, nil
}
