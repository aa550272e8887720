package coordinator_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/fence"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// echo is an API server with no Leases that agrees to every write.
type echo struct {
	mu       sync.Mutex
	requests []string
}

func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.URL.Query().Get("watch") != "":
		_, _ = io.WriteString(w, `{"type":"BOOKMARK","object":{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"resourceVersion":"1","annotations":{"k8s.io/initial-events-end":"true"}}}}`+"\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return
	case r.Method == http.MethodPost, r.Method == http.MethodPut:
		l := &coordinationv1.Lease{}
		if err := json.NewDecoder(r.Body).Decode(l); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		name = l.Name
		l.TypeMeta = metav1.TypeMeta{APIVersion: "coordination.k8s.io/v1", Kind: "Lease"}
		l.UID, l.ResourceVersion = "u1", "7"
		_ = json.NewEncoder(w).Encode(l) // the client would say so
	case r.Method == http.MethodDelete:
		_ = json.NewEncoder(w).Encode(metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusSuccess})
	default:
		w.WriteHeader(http.StatusNotFound)
		_ = json.NewEncoder(w).Encode(metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure, Reason: metav1.StatusReasonNotFound, Code: http.StatusNotFound})
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.requests = append(e.requests, r.Method+" "+name)
}

// A program may have only one rest.Config, and guard it: the coordinator's own
// requests, which have no term, pass all the same.
func TestGuardedConfig(t *testing.T) {
	api := &echo{}
	server := httptest.NewServer(api)
	defer server.Close()
	config, err := fence.Wrap(&rest.Config{Host: server.URL, ContentConfig: rest.ContentConfig{ContentType: "application/json"}}, fence.RefuseUnfenced)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	options := quiet("op-0")
	options.KindExists = func(context.Context, schema.GroupKind) error { return nil }
	c, err := coordinator.New(config, options, coordinator.Kind{GroupKind: groupKind("Queue"), Reconciler: coordinator.ReconcilerFunc(
		func(ctx context.Context, term lease.Term) error {
			if f := fence.FromContext(ctx); f == nil || f.Term() != term || f.Err() != nil {
				t.Errorf("the reconciler's context carries %v, want the right to write of its term", f)
			}
			cancel()
			<-ctx.Done()
			return nil
		})})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Run(ctx); err != nil {
		t.Error(err)
	}
	server.Close() // and so every handler has returned
	member, owner := lease.MemberName("op", c.Identity()), "op.queue."+group
	for _, want := range []string{"POST " + member, "POST " + owner, "PUT " + member, "PUT " + owner, "DELETE " + member} {
		if !slices.Contains(api.requests, want) {
			t.Errorf("%s did not arrive: %v", want, api.requests)
		}
	}
}
