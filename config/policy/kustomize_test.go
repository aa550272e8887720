package policy_test

import (
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

func TestKustomizationBuilds(t *testing.T) {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), ".")
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, resource := range built.Resources() {
		count[resource.GetKind()]++
	}
	const want = 5 + 1 // the kinds, and kindred-lease-watch
	if len(count) != 2 || count["ValidatingAdmissionPolicy"] != want || count["ValidatingAdmissionPolicyBinding"] != want {
		t.Errorf("it builds %v, want %d policies with their bindings", count, want)
	}
}
