package sim

import "time"

// deployment is what the Deployment and ReplicaSet controllers do in a rolling
// update.
type deployment struct {
	w *World
	// replicas is what is wanted; at most replicas+surge pods are there, and at least
	// replicas-unavailable are ready.
	replicas, surge, unavailable int
	// readyAfter is how long a new pod takes to be ready.
	readyAfter time.Duration
	// made is when each pod was made.
	made map[*pod]time.Duration
	// over is called when it is done, if given.
	over func()
}

// update replaces all pods that are there.
func (d *deployment) update() {
	d.w.revision++
	d.made = map[*pod]time.Duration{}
	d.step()
}

// step does what the limits allow now, and again later until it is done.
func (d *deployment) step() {
	var old []*pod
	ready := 0
	for _, p := range d.w.pods {
		made, fresh := d.made[p]
		if !fresh {
			old = append(old, p)
		}
		if p.proc != nil && p.proc.alive && (!fresh || d.w.now >= made+d.readyAfter) {
			ready++
		}
	}
	if len(old) == 0 && len(d.w.pods) == d.replicas {
		if d.over != nil {
			d.over()
		}
		return
	}
	for len(d.w.pods) < d.replicas+d.surge && len(d.made) < d.replicas {
		d.made[d.w.newPod(false)] = d.w.now
	}
	for len(old) > 0 && ready > d.replicas-d.unavailable {
		i := d.w.rng.IntN(len(old))
		old[i].remove()
		old = append(old[:i:i], old[i+1:]...)
		ready--
	}
	d.w.after(200*time.Millisecond, d.step)
}
