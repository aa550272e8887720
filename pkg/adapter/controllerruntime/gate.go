package controllerruntime

import (
	"sync"

	toolscache "k8s.io/client-go/tools/cache"
)

// gate is what a term's event handlers pass through. An informer that is told to
// remove a handler still gives it what is on its way.
type gate struct {
	mu     sync.Mutex
	isShut bool // guarded by mu
	// passing counts what passes. Invariant: it does not grow once the gate is shut.
	passing sync.WaitGroup
}

// pass calls f, unless the gate is shut.
func (g *gate) pass(f func()) {
	g.mu.Lock()
	if g.isShut {
		g.mu.Unlock()
		return
	}
	g.passing.Add(1)
	g.mu.Unlock()
	defer g.passing.Done()
	f()
}

// shut lets nothing pass any more, and returns when nothing does.
func (g *gate) shut() {
	g.mu.Lock()
	g.isShut = true
	g.mu.Unlock()
	g.passing.Wait()
}

// gated is an event handler behind a gate.
type gated struct {
	handler toolscache.ResourceEventHandler
	gate    *gate
}

func (h gated) OnAdd(object any, isInInitialList bool) {
	h.gate.pass(func() { h.handler.OnAdd(object, isInInitialList) })
}

func (h gated) OnUpdate(before, after any) {
	h.gate.pass(func() { h.handler.OnUpdate(before, after) })
}

func (h gated) OnDelete(object any) {
	h.gate.pass(func() { h.handler.OnDelete(object) })
}
