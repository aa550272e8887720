package sim

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/elect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// kubelet reports the state of a pod's container to the replicas that may see Pods,
// some time after it has changed; to each in order.
func (w *World) kubelet(p *pod, c lease.Container) {
	if !w.plan.kubelet || w.finale {
		return
	}
	reported := max(p.reported, w.now+w.between(100*time.Millisecond, 2*time.Second))
	p.reported = reported + 1
	w.at(reported, func() {
		p.container = c
		for _, to := range w.procs {
			w.tellPod(to, p)
		}
	})
}

// tellPod tells a replica what has been reported of a pod.
func (w *World) tellPod(to *process, p *pod) {
	if !to.alive || to.core == nil || to.feed == nil || p.container.Name == "" {
		return
	}
	seen := elect.PodSeen{Pod: lease.Pod{UID: p.name, Containers: []lease.Container{p.container}}}
	at := max(to.podsUntil, w.now+w.latency()+to.link.lag)
	to.podsUntil = at + 1
	w.at(at, func() { to.deliver(streamPods, func() { to.put(seen) }) })
}

// listPods tells a replica that has just started of all pods.
func (w *World) listPods(to *process) {
	if !w.plan.kubelet {
		return
	}
	for _, p := range w.allPods {
		w.tellPod(to, p)
	}
}
