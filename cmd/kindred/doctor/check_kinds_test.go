package doctor

import (
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/inspect"
)

func TestKinds(t *testing.T) {
	want(t, checkKinds(stateOf(owned("Cache", "a"), owned("Queue", ""), member("a", "Cache"))),
		"error Lease ns/op.queue.example.com: Queue.example.com has no owner, and no live, ready replica serves it ... kubectl delete lease -n ns op.queue.example.com ... kindred explain Queue.example.com -n ns --component op")
	want(t, checkKinds(stateOf(owned("Cache", ""), member("a", "Cache"), member("b", "Cache"))),
		"error Lease ns/op.cache.example.com: nobody has taken Cache.example.com, although 2 replicas could | kindred explain Cache.example.com")
	want(t, checkKinds(stateOf(owned("Cache", "b", old(time.Minute)), member("a", "Cache"))),
		"error Lease ns/op.cache.example.com: b holds Cache.example.com and has not renewed it for 1m0s")
	// A kind that changed hands during the watch was not left alone.
	s := stateOf(owned("Cache", ""), member("a", "Cache"))
	s.before = inspect.Build(healthy(), now)
	want(t, checkKinds(s))
	// Neither was one whose holder renewed.
	s = stateOf(owned("Cache", "b", old(time.Minute)), member("a", "Cache"))
	s.before.Kinds[0].Renewed.Time = now.Add(-2 * time.Minute)
	want(t, checkKinds(s))
}
