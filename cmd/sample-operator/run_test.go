package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/kindred-k8s/kindred/pkg/fence"
)

// The sample's reconcilers write their statuses only under a term.
func TestReconcilesAreFenced(t *testing.T) {
	var writes atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut || r.URL.Path != "/apis/sample.kindred.dev/v1/namespaces/shop/databases/orders/status" {
			t.Errorf("the request is %s %s", r.Method, r.URL.Path)
		}
		writes.Add(1)
		body, err := runtime.Encode(unstructured.UnstructuredJSONScheme, newDatabase())
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body) // the client would say so
	}))
	defer server.Close()
	client, err := guardedClient(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	r := reconciler{client: client.Resource(databases), cache: cache.NewStore(cache.MetaNamespaceKeyFunc), replica: "operator-0"}
	if err := r.cache.Add(newDatabase()); err != nil {
		t.Fatal(err)
	}
	want := func(ctx context.Context, wantErr error, wantWrites int32) {
		t.Helper()
		if err := r.reconcile(ctx, term(1), orders); !errors.Is(err, wantErr) || wantErr == nil && err != nil {
			t.Errorf("reconcile returned %v, want %v", err, wantErr)
		}
		if n := writes.Load(); n != wantWrites {
			t.Errorf("%d writes have arrived, want %d", n, wantWrites)
		}
	}
	right := fence.New(term(1), time.Now().Add(time.Minute))
	want(t.Context(), fence.ErrNoTerm, 0)
	want(fence.NewContext(t.Context(), right), nil, 1)
	right.End("the test says so")
	want(fence.NewContext(t.Context(), right), fence.ErrDeposed, 1)
}
