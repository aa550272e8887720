// Package sim runs many replicas of a component on virtual time, with faults, and
// checks the design's invariants I1 to I7 after every step.
//
// What decides is real: each replica is an elect.Core, and through it package
// assign. What is around it is a model: the API server (store.go), the network
// (network.go), the watch (feed.go), client-go's LeaderElector (elector.go), the
// lock and the release of package kubelease (lock.go, release.go), the coordinator
// (process.go, act.go) and reconcilers with the fence of package fence
// (reconciler.go). Package coordinator's own tests run the real shell in virtual
// time; this package runs thousands of schedules that it could not.
//
// A run is one goroutine that takes events from a queue. Everything random comes
// from one generator, so that a seed replays a run exactly, to the last line of
// its trace. Nothing here reads a clock.
//
// The checker (check*.go) knows the truth: what the store holds at this moment,
// and every process's clock. Broken variants of the shell (broken.go) show that it
// can fail.
package sim
