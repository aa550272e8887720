//go:build deploy

package deploy

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"
)

// nothingForbidden reads the API server's own account of what the replicas have asked for. That their permissions are no
// more than they use is for test/e2e.
func nothingForbidden(t *testing.T, _ *recorder) {
	file, err := os.Open(target.audit)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	requests, policies := 0, 0
	for lines.Scan() {
		var request struct {
			Verb       string `json:"verb"`
			RequestURI string `json:"requestURI"`
			Response   struct {
				Code    int    `json:"code"`
				Message string `json:"message"`
			} `json:"responseStatus"`
			Annotations map[string]string `json:"annotations"`
		}
		if json.Unmarshal(lines.Bytes(), &request) != nil {
			continue // it is being written
		}
		requests++
		if request.Response.Code == 401 || request.Response.Code == 403 {
			// A new owner's first dry run may come before the policy has seen the Lease: it was authorized.
			if request.Annotations["authorization.k8s.io/decision"] == "allow" {
				policies++
				continue
			}
			t.Errorf("the API server answered %d to %s %s: %s", request.Response.Code, request.Verb, request.RequestURI, request.Response.Message)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if requests < 100 {
		t.Errorf("there are %d requests on record: it proves little", requests)
	}
	t.Logf("%d requests, %d of them refused by a policy, none by RBAC", requests, policies)
}
