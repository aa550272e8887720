package doctor

import (
	"testing"
	"time"
)

func TestHolders(t *testing.T) {
	want(t, checkHolders(stateOf(owned("Cache", "p"), member("a", "Cache"))),
		`info Lease ns/op.cache.example.com: Cache.example.com is held by "p_1", which has no member Lease`)
	want(t, checkHolders(stateOf(owned("Cache", "p", old(time.Minute)), member("a", "Cache"))),
		`warning Lease ns/op.cache.example.com: Cache.example.com is held by "p_1", which has no member Lease and does not renew | kindred explain`)
	want(t, checkHolders(stateOf(owned("Cache", "p", lasting(1<<31-1)), member("a", "Cache"))),
		`error Lease ns/op.cache.example.com: Cache.example.com is held by "p_1", which is no live replica, and the Lease lasts 596523h14m7s ... kubectl patch lease -n ns op.cache.example.com --type merge -p '{"spec":{"leaseDurationSeconds":5}}'`)
	dead := member("a", "Cache")
	old(time.Hour)(&dead)
	want(t, checkHolders(stateOf(owned("Cache", "a", lasting(7200)), dead)),
		`error Lease ns/op.cache.example.com: Cache.example.com is held by "a_1", which is no live replica, and the Lease lasts 2h0m0s`)
	want(t, checkHolders(stateOf(owned("Cache", "a", lasting(7200)), member("a", "Cache"))))
}
