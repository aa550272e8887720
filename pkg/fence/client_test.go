package fence_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/kindred-k8s/kindred/pkg/fence"
)

var configMaps = corev1.SchemeGroupVersion.WithResource("configmaps")

// apiServer answers every request with one ConfigMap, or a list of none.
type apiServer struct {
	*httptest.Server
	mu      sync.Mutex
	methods []string // of the requests that arrived
}

func newAPIServer(t *testing.T) *apiServer {
	s := &apiServer{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.methods = append(s.methods, r.Method)
		s.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		var answer any = corev1.ConfigMap{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}, ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "a"}}
		switch {
		case r.URL.Query().Get("watch") != "":
			// All that there is has been told: nothing.
			_, _ = io.WriteString(w, `{"type":"BOOKMARK","object":{"apiVersion":"v1","kind":"ConfigMap","metadata":{"resourceVersion":"1","annotations":{"k8s.io/initial-events-end":"true"}}}}`+"\n")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			return
		case r.Method == http.MethodGet && r.URL.Path == "/api/v1/configmaps":
			answer = corev1.ConfigMapList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMapList"}, ListMeta: metav1.ListMeta{ResourceVersion: "1"}}
		}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// arrived returns the methods of the requests since the last call.
func (s *apiServer) arrived() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	methods := s.methods
	s.methods = nil
	return methods
}

// clientWrites are writes with each kind of client that is made of a rest.Config.
func clientWrites(t *testing.T, config *rest.Config) map[string]func(context.Context) error {
	typed, err := corev1client.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	untyped, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	partial, err := metadata.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "a"}}
	plain := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"namespace": "ns", "name": "a"}}}
	return map[string]func(context.Context) error{
		"POST typed": func(ctx context.Context) error {
			_, err := typed.ConfigMaps("ns").Create(ctx, object, metav1.CreateOptions{})
			return err
		},
		"PUT typed": func(ctx context.Context) error {
			_, err := typed.ConfigMaps("ns").Update(ctx, object, metav1.UpdateOptions{})
			return err
		},
		"PUT dynamic": func(ctx context.Context) error {
			_, err := untyped.Resource(configMaps).Namespace("ns").UpdateStatus(ctx, plain, metav1.UpdateOptions{})
			return err
		},
		"PATCH dynamic, server-side apply": func(ctx context.Context) error {
			_, err := untyped.Resource(configMaps).Namespace("ns").Apply(ctx, "a", plain, metav1.ApplyOptions{FieldManager: "x"})
			return err
		},
		"PATCH metadata": func(ctx context.Context) error {
			_, err := partial.Resource(configMaps).Namespace("ns").Patch(ctx, "a", types.MergePatchType, []byte("{}"), metav1.PatchOptions{})
			return err
		},
		"DELETE typed, a collection": func(ctx context.Context) error {
			return typed.ConfigMaps("ns").DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{})
		},
		"DELETE raw": func(ctx context.Context) error {
			return typed.RESTClient().Delete().AbsPath("/api/v1/namespaces/ns/configmaps/a").Do(ctx).Error()
		},
		"POST raw, a subresource": func(ctx context.Context) error {
			return typed.RESTClient().Post().AbsPath("/api/v1/namespaces/ns/pods/a/eviction").Body([]byte("{}")).Do(ctx).Error()
		},
	}
}

func TestEveryClient(t *testing.T) {
	s := newAPIServer(t)
	config := &rest.Config{Host: s.URL, QPS: -1}
	guarded, err := fence.Wrap(config, fence.RefuseUnfenced)
	if err != nil {
		t.Fatal(err)
	}
	f := fence.New(term, time.Now().Add(time.Hour))
	over := fence.New(term, time.Now().Add(time.Hour))
	over.End("the test says so")
	for name, write := range clientWrites(t, guarded) {
		t.Run(name, func(t *testing.T) {
			if err := write(fence.NewContext(t.Context(), f)); err != nil {
				t.Errorf("under a term: %v", err)
			}
			if n := len(s.arrived()); n != 1 {
				t.Errorf("under a term: %d requests, want 1", n)
			}
			var deposed *fence.DeposedError
			if err := write(fence.NewContext(t.Context(), over)); !errors.Is(err, fence.ErrDeposed) || !errors.As(err, &deposed) || deposed.Sent {
				t.Errorf("after the term: %v, want ErrDeposed and nothing sent", err)
			}
			if err := write(t.Context()); !errors.Is(err, fence.ErrNoTerm) {
				t.Errorf("without a term: %v, want ErrNoTerm", err)
			}
			if got := s.arrived(); got != nil {
				t.Errorf("refused writes arrived: %v", got)
			}
		})
	}
	if config.WrapTransport != nil {
		t.Error("Wrap changed the config that it was given")
	}
	for name, write := range clientWrites(t, config) {
		if err := write(t.Context()); err != nil {
			t.Errorf("%s with the plain config: %v", name, err)
		}
	}
}

// What a client holds back with its own rate limit is judged when it would be sent.
func TestRateLimitedWriteIsJudgedWhenItIsSent(t *testing.T) {
	s := newAPIServer(t)
	guarded, err := fence.Wrap(&rest.Config{Host: s.URL, QPS: 10, Burst: 1}, fence.RefuseUnfenced)
	if err != nil {
		t.Fatal(err)
	}
	client, err := corev1client.NewForConfig(guarded)
	if err != nil {
		t.Fatal(err)
	}
	f := fence.New(term, time.Now().Add(20*time.Millisecond))
	ctx := fence.NewContext(t.Context(), f)
	if _, err := client.ConfigMaps("ns").Get(ctx, "a", metav1.GetOptions{}); err != nil { // takes the burst
		t.Fatal(err)
	}
	err = client.ConfigMaps("ns").Delete(ctx, "a", metav1.DeleteOptions{})
	if !errors.Is(err, fence.ErrDeposed) || slices.Contains(s.arrived(), http.MethodDelete) {
		t.Errorf("a write that waited for the rate limit past its term returned %v", err)
	}
}

func TestInformersAreNotGuarded(t *testing.T) {
	s := newAPIServer(t)
	guarded, err := fence.Wrap(&rest.Config{Host: s.URL}, fence.RefuseUnfenced)
	if err != nil {
		t.Fatal(err)
	}
	client, err := dynamic.NewForConfig(guarded)
	if err != nil {
		t.Fatal(err)
	}
	over := fence.New(term, time.Now())
	ctx, cancel := context.WithCancel(fence.NewContext(t.Context(), over))
	informer := dynamicinformer.NewFilteredDynamicInformer(client, configMaps, "", 0, cache.Indexers{}, nil).Informer()
	var running sync.WaitGroup
	running.Go(func() { informer.RunWithContext(ctx) })
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		t.Error("the cache has not synced")
	}
	cancel()
	running.Wait()
}
