package faultproxy_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/kindred-k8s/kindred/test/faultproxy"
)

func TestDescribe(t *testing.T) {
	for _, tt := range []struct {
		method, url string
		want        faultproxy.Request
	}{
		{"GET", "/version", faultproxy.Request{Verb: "GET", Resource: "/version"}},
		{"GET", "/api/v1", faultproxy.Request{Verb: "GET", Resource: "/api/v1"}},
		{"GET", "/apis/apps/v1", faultproxy.Request{Verb: "GET", Resource: "/apis/apps/v1"}},
		{"GET", "/api/v1/nodes", faultproxy.Request{Verb: "LIST", Resource: "nodes"}},
		{"GET", "/api/v1/namespaces", faultproxy.Request{Verb: "LIST", Resource: "namespaces"}},
		{"GET", "/api/v1/namespaces/a", faultproxy.Request{Verb: "GET", Resource: "namespaces", Name: "a"}},
		{"PUT", "/api/v1/namespaces/a/finalize", faultproxy.Request{Verb: "UPDATE", Resource: "namespaces/finalize", Name: "a"}},
		{"GET", "/api/v1/namespaces/a/pods", faultproxy.Request{Verb: "LIST", Resource: "pods", Namespace: "a"}},
		{"DELETE", "/api/v1/namespaces/a/pods/b", faultproxy.Request{Verb: "DELETE", Resource: "pods", Namespace: "a", Name: "b"}},
		{"PATCH", "/apis/ex.io/v1/namespaces/a/widgets/b/status",
			faultproxy.Request{Verb: "PATCH", Group: "ex.io", Resource: "widgets/status", Namespace: "a", Name: "b"}},
		{"GET", "/apis/coordination.k8s.io/v1/namespaces/a/leases?watch=true&fieldSelector=metadata.name%3Db",
			faultproxy.Request{Verb: "WATCH", Group: "coordination.k8s.io", Resource: "leases", Namespace: "a"}},
		{"POST", "/apis/coordination.k8s.io/v1/namespaces/a/leases",
			faultproxy.Request{Verb: "CREATE", Group: "coordination.k8s.io", Resource: "leases", Namespace: "a"}},
		{"GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
			faultproxy.Request{Verb: "LIST", Group: "apiextensions.k8s.io", Resource: "customresourcedefinitions"}},
	} {
		got := faultproxy.Describe(httptest.NewRequest(tt.method, tt.url, nil))
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", tt.method, tt.url, diff)
		}
	}
}

func TestRequestsAreCounted(t *testing.T) {
	u := newUpstream(t)
	c := newClient(t, u.config())
	lines := c.watch(leases)
	c.mustGet(maps)
	c.mustGet(maps)
	c.proxy.Cut()
	expectBroken(t, lines)
	c.proxy.Heal()
	c.proxy.Error(http.StatusConflict)
	if _, err := c.do(patience, http.MethodPut, leases+"/a"); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"WATCH leases": 1, "LIST configmaps": 2, "UPDATE leases": 1}
	if diff := cmp.Diff(want, c.proxy.Requests()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	c.proxy.ResetRequests()
	if n := len(c.proxy.Requests()); n != 0 {
		t.Errorf("%d counts after the reset", n)
	}
}

// TestErrorsAreTyped: client-go makes the same errors of injected statuses as of the API server's.
func TestErrorsAreTyped(t *testing.T) {
	c := newClient(t, newUpstream(t).config())
	client, err := kubernetes.NewForConfigAndClient(c.proxy.RESTConfig(), c.http)
	if err != nil {
		t.Fatal(err)
	}
	for status, is := range map[int]func(error) bool{
		http.StatusConflict:            apierrors.IsConflict,
		http.StatusForbidden:           apierrors.IsForbidden,
		http.StatusTooManyRequests:     apierrors.IsTooManyRequests,
		http.StatusInternalServerError: apierrors.IsInternalError,
		http.StatusServiceUnavailable:  apierrors.IsServiceUnavailable,
	} {
		c.proxy.Error(status)
		_, err := client.CoreV1().ConfigMaps("x").Get(t.Context(), "a", metav1.GetOptions{})
		if !is(err) {
			t.Errorf("status %d: %v", status, err)
		}
		c.proxy.Heal()
	}
}
