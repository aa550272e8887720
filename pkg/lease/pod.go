package lease

import "time"

// Pod is what the kubelet says about a replica's Pod.
type Pod struct {
	UID string
	// Final says that the Pod's phase is Succeeded or Failed.
	Final      bool
	Containers []Container
}

// Container is what the kubelet says about one container of a Pod.
type Container struct {
	Name    string
	Running bool
	// Finished is when its last process ended, by the node's clock and in whole
	// seconds; zero when none has, or when the kubelet has not said so.
	Finished time.Time
}

// Ended says whether the process of a member is known to run no more, in all
// containers of the Pod when it is not known in which. A Pod that
// was deleted or whose node does not answer proves nothing: only the kubelet's word
// about the very container does, and a container may have been started again since.
//
// The kubelet and the process have one clock, the node's. A container that ended at
// or after the start of the process, which is rounded up to the next second, is that
// process's, as long as the clock was not set back in between.
//
// A final phase counts only if no container is said to run: the control plane gives
// that phase to Pods of nodes that are gone, too, and their processes may be at work.
func (p Pod) Ended(m Member) bool {
	if p.UID == "" || p.UID != m.PodUID {
		return false
	}
	found := false
	for _, c := range p.Containers {
		switch {
		case p.Final:
			if c.Running {
				return false
			}
			continue
		case m.Container != "" && c.Name != m.Container:
			continue
		case c.Running, c.Finished.IsZero(), c.Finished.Unix() < m.Started:
			return false
		}
		found = true
	}
	return p.Final || found
}
