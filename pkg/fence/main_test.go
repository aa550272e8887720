package fence_test

import (
	"testing"

	"go.uber.org/goleak"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// term is what the tests write under.
var term = lease.Term{
	Shard:     lease.ShardOf(schema.GroupKind{Group: "sample.kindred.dev", Kind: "Queue"}),
	Namespace: "default", Lease: "op.queue.sample.kindred.dev",
	Holder: "op-0_x", UID: "u1", Transitions: 3,
}
