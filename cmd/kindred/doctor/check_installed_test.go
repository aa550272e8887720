package doctor

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestInstalled(t *testing.T) {
	s := stateOf(healthy()...)
	want(t, checkInstalled(s)) // not known
	s.resources = map[schema.GroupKind]string{{Group: "example.com", Kind: "Cache"}: "caches"}
	want(t, checkInstalled(s), "warning Lease ns/op.queue.example.com: the API server does not serve Queue.example.com")
}
