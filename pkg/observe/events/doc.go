// Package events makes Kubernetes Events (events.k8s.io/v1) of what happens to the
// terms of a replica, so that "kubectl describe lease" and "kindred history" tell who
// owned a kind when, and why it moved:
//
//	recorder, err := events.New(config, events.Options{})
//	options.Observer = recorder.Hooks()       // or observe.Tee(recorder.Hooks(), ...)
//	go recorder.Run(ctx)                      // until after the coordinator's Run
//
// The Events are about the ownership Lease and, when the Pod's UID is known, about the
// Pod: Elected, HandedOver, Lost, Stuck and WriteRefused, each once per term. What
// happens more often than MaxRate in the long run is left out. Annotations repeat what
// the text says for programs (package lease).
//
// It takes the permission to create Events in the namespaces of the Leases and of the
// Pod. Without it, that is logged once, and everything else goes on.
package events
