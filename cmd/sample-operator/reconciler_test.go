package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/cache"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

var (
	database  = schema.GroupKind{Group: sample.Group, Kind: "Database"}
	databases = sample.GVR(database)
	orders    = cache.NewObjectName("shop", "orders")
)

// term returns the nth term of Database.
func term(n int) lease.Term {
	return lease.Term{Shard: lease.ShardOf(database), Holder: "operator-0_x", UID: "uid", Transitions: n}
}

func newDatabase() *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "sample.kindred.dev/v1", "kind": "Database",
		"metadata": map[string]any{"namespace": orders.Namespace, "name": orders.Name, "generation": int64(1)},
		"spec":     map[string]any{"engine": "postgres", "sizeGiB": int64(1)},
	}}
}

func newClient(objects ...runtime.Object) *fake.FakeDynamicClient {
	return fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{databases: "DatabaseList"}, objects...)
}

// harness is a reconciler whose cache is filled by hand.
type harness struct {
	t      *testing.T
	client *fake.FakeDynamicClient
	reconciler
}

func newHarness(t *testing.T) *harness {
	client := newClient(newDatabase())
	h := &harness{t, client, reconciler{client: client.Resource(databases), cache: cache.NewStore(cache.MetaNamespaceKeyFunc), replica: "operator-0"}}
	h.sync()
	return h
}

func (h *harness) get() *unstructured.Unstructured {
	h.t.Helper()
	object, err := h.reconciler.client.Namespace(orders.Namespace).Get(h.t.Context(), orders.Name, metav1.GetOptions{})
	if err != nil {
		h.t.Fatal(err)
	}
	return object
}

// sync makes the cache show what the API server has.
func (h *harness) sync() {
	if err := h.cache.Add(h.get()); err != nil {
		h.t.Fatal(err)
	}
}

// change changes the object in the cache and at the API server.
func (h *harness) change(f func(*unstructured.Unstructured)) {
	h.t.Helper()
	object := h.get()
	f(object)
	if _, err := h.reconciler.client.Namespace(orders.Namespace).Update(h.t.Context(), object, metav1.UpdateOptions{}); err != nil {
		h.t.Fatal(err)
	}
	h.sync()
}

// writes reconciles and returns how many statuses that wrote.
func (h *harness) writes(term lease.Term) int {
	h.t.Helper()
	h.client.ClearActions()
	if err := h.reconcile(h.t.Context(), term, orders); err != nil {
		h.t.Fatal(err)
	}
	n := 0
	for _, action := range h.client.Actions() {
		if !action.Matches("update", "databases/status") {
			h.t.Errorf("it did %s %s", action.GetVerb(), action.GetResource().Resource)
		}
		n++
	}
	return n
}

func TestStatusIsWrittenOncePerTermAndGeneration(t *testing.T) {
	h := newHarness(t)
	status := func(term lease.Term, generation, reconciles int64) {
		t.Helper()
		got := h.get().Object["status"].(map[string]any)
		want := map[string]any{"observedGeneration": generation, "phase": "Ready", "pod": "operator-0", "term": term.Token(), "reconciles": reconciles}
		for field, value := range want {
			if got[field] != value {
				t.Errorf("status.%s is %v, want %v", field, got[field], value)
			}
		}
	}
	if n := h.writes(term(1)); n != 1 {
		t.Errorf("a new object: %d writes, want 1", n)
	}
	status(term(1), 1, 1)
	h.sync()
	if n := h.writes(term(1)); n != 0 {
		t.Errorf("the event about its own write: %d writes, want none", n)
	}
	if n := h.writes(term(2)); n != 1 {
		t.Errorf("a new term: %d writes, want 1", n)
	}
	status(term(2), 1, 2)
	h.change(func(o *unstructured.Unstructured) { o.SetGeneration(2) })
	if n := h.writes(term(2)); n != 1 {
		t.Errorf("a new generation: %d writes, want 1", n)
	}
	status(term(2), 2, 3)
}

func TestNothingToDo(t *testing.T) {
	h := newHarness(t)
	h.change(func(o *unstructured.Unstructured) {
		o.SetFinalizers([]string{"example.com/keep"})
		o.SetDeletionTimestamp(&metav1.Time{Time: time.Unix(1, 0)})
	})
	if n := h.writes(term(1)); n != 0 {
		t.Errorf("an object that is being deleted: %d writes", n)
	}
	if err := h.cache.Delete(newDatabase()); err != nil {
		t.Fatal(err)
	}
	if n := h.writes(term(1)); n != 0 {
		t.Errorf("an object that is gone: %d writes", n)
	}
}

func TestCachedObjectIsNotChanged(t *testing.T) {
	h := newHarness(t)
	h.writes(term(1))
	cached, _, _ := h.cache.GetByKey(orders.String())
	if status, found := cached.(*unstructured.Unstructured).Object["status"]; found {
		t.Errorf("the cached object has got the status %v", status)
	}
}

func TestWriteFails(t *testing.T) {
	resource := databases.GroupResource()
	for name, c := range map[string]struct {
		answer error
		want   func(error) bool
	}{
		"conflict is tried again":                 {apierrors.NewConflict(resource, orders.Name, errors.New("newer")), apierrors.IsConflict},
		"refusal is tried again":                  {apierrors.NewForbidden(resource, orders.Name, errors.New("no")), apierrors.IsForbidden},
		"object that was deleted needs no status": {apierrors.NewNotFound(resource, orders.Name), func(err error) bool { return err == nil }},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.client.PrependReactor("update", "databases", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, c.answer })
			if err := h.reconcile(t.Context(), term(1), orders); !c.want(err) {
				t.Errorf("reconcile returned %v", err)
			}
		})
	}
}

func TestWorkEndsWithTheTerm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		h.duration = time.Minute
		start := time.Now()
		if h.writes(term(1)) != 1 || time.Since(start) != time.Minute {
			t.Errorf("the work took %v", time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		h.client.ClearActions()
		if err := h.reconcile(ctx, term(2), orders); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("reconcile returned %v", err)
		}
		if n := len(h.client.Actions()); n != 0 {
			t.Errorf("%d requests after the term was over", n)
		}
	})
}
