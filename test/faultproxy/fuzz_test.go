package faultproxy_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kindred-k8s/kindred/test/faultproxy"
)

// FuzzDescribe: every path is described, and the path that the description stands
// for is described the same.
func FuzzDescribe(f *testing.F) {
	f.Add("GET", "/apis/coordination.k8s.io/v1/namespaces/a/leases", "watch=true")
	f.Add("PATCH", "/apis/ex.io/v1/namespaces/a/widgets/b/status", "")
	f.Add("PUT", "/api/v1/namespaces/a/finalize", "")
	f.Add("DELETE", "/api/v1//", "")
	f.Add("GET", "/apis////x/", "watch=1&watch=%zz")
	f.Add("", "", ";")
	f.Add("GET", "/api/v1/namespaces/namespaces/status", "")
	f.Fuzz(func(t *testing.T, method, path, query string) {
		d := faultproxy.Describe(&http.Request{Method: method, URL: &url.URL{Path: path, RawQuery: query}})
		if again := faultproxy.Describe(&http.Request{Method: method, URL: &url.URL{Path: path, RawQuery: query}}); again != d {
			t.Fatalf("%+v once and %+v the next time", d, again)
		}
		if strings.HasPrefix(d.Resource, "/") || d.Resource == path || strings.Contains(path, "//") {
			return // no resource's path
		}
		full := "/api/v1"
		if d.Group != "" {
			full = "/apis/" + d.Group + "/v1"
		}
		if d.Namespace != "" {
			full += "/namespaces/" + d.Namespace
		}
		resource, subresource, has := strings.Cut(d.Resource, "/")
		full += "/" + resource
		if d.Name != "" {
			full += "/" + d.Name
		}
		if has {
			full += "/" + subresource
		}
		if again := faultproxy.Describe(&http.Request{Method: method, URL: &url.URL{Path: full, RawQuery: query}}); again != d {
			t.Errorf("%s is %+v, but %s is %+v", path, d, full, again)
		}
		parts := strings.Split(strings.Trim(path, "/"), "/")
		if parts[0] == "api" {
			parts[1] = "v1"
		} else {
			parts[2] = "v1"
		}
		// What follows a subresource, as in pods/a/proxy/x, is not described.
		if path := "/" + strings.Join(parts, "/"); path != full && !(has && strings.HasPrefix(path, full+"/")) {
			t.Errorf("%s is %+v, which is %s", path, d, full)
		}
	})
}
