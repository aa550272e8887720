package sample

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// apiServer answers what InstallCRDs asks. Definitions are established at the
// second look, and found by discovery at the third.
type apiServer struct {
	applied map[string]int
	looks   map[string]int
	// withhold is a resource that discovery never shows.
	withhold string
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.looks[r.URL.Path]++
	look := s.looks[r.URL.Path]
	const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"
	name := strings.TrimPrefix(r.URL.Path, crds)
	var answer any
	switch {
	case r.URL.Path == "/apis/sample.kindred.dev/v1":
		if look < 3 {
			http.NotFound(w, r)
			return
		}
		list := metav1.APIResourceList{GroupVersion: "sample.kindred.dev/v1"}
		for name := range s.applied {
			resource, _, _ := strings.Cut(name, ".")
			if resource != s.withhold {
				list.APIResources = append(list.APIResources, metav1.APIResource{Name: resource}, metav1.APIResource{Name: resource + "/status"})
			}
		}
		answer = list
	case r.Method == http.MethodPatch && r.Header.Get("Content-Type") == "application/apply-patch+yaml":
		s.applied[name]++
		answer = apiextensionsv1.CustomResourceDefinition{ObjectMeta: metav1.ObjectMeta{Name: name}}
	case r.Method == http.MethodGet && s.applied[name] > 0:
		crd := apiextensionsv1.CustomResourceDefinition{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if look > 2 { // the first was the patch
			crd.Status.Conditions = []apiextensionsv1.CustomResourceDefinitionCondition{
				{Type: apiextensionsv1.Established, Status: apiextensionsv1.ConditionTrue}}
		}
		answer = crd
	default:
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

func install(t *testing.T, server *apiServer, patience time.Duration) error {
	server.applied, server.looks = map[string]int{}, map[string]int{}
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return InstallCRDs(ctx, &rest.Config{Host: listener.URL})
}

func TestInstallWaitsUntilTheKindsAreServed(t *testing.T) {
	server := &apiServer{}
	if err := install(t, server, time.Minute); err != nil {
		t.Fatal(err)
	}
	if len(server.applied) != len(Kinds) {
		t.Errorf("%d definitions were applied, want %d", len(server.applied), len(Kinds))
	}
	if looks := server.looks["/apis/sample.kindred.dev/v1"]; looks != 3 {
		t.Errorf("discovery was asked %d times, want until it shows the kinds", looks)
	}
}

func TestInstallSaysWhatIsNotServed(t *testing.T) {
	err := install(t, &apiServer{withhold: "topics"}, time.Second)
	if err == nil || !strings.Contains(err.Error(), "Topic.sample.kindred.dev is not served yet") {
		t.Errorf("InstallCRDs returned %v, want that Topic is not served", err)
	}
}
