package sim

import "time"

// What people do to Leases, and programs that are not Kindred.

// anyLease draws the Lease of a kind that exists.
func (w *World) anyLease() *object {
	name, _ := w.shards[w.rng.IntN(len(w.shards))].Name(component)
	return w.store.objects[name]
}

// deleteLease is kubectl delete lease.
func deleteLease(w *World) {
	if o := w.anyLease(); o != nil {
		w.trace(nil, "somebody deletes %s of %q", o.name, o.holder)
		w.store.remove(o.name, "", 0)
	}
}

// edit is kubectl edit lease.
func edit(w *World) {
	o := w.anyLease()
	if o == nil {
		return
	}
	edited := *o
	what := ""
	switch w.rng.IntN(5) {
	case 0:
		edited.holder, what = "", "the holder emptied"
	case 1:
		edited.holder, what = "somebody-else", "another holder"
	case 2:
		edited.duration, what = time.Duration(w.rng.IntN(6)-1)*time.Second, "another duration"
	case 3:
		edited.duration, what = time.Hour, "a duration of an hour"
	case 4:
		edited.labelled, what = false, "the labels removed"
	}
	w.trace(nil, "somebody edits %s of %q: %s", o.name, o.holder, what)
	w.store.put(o, edited)
}

// addPlain starts a program with a plain elector. It leaves before the faults end,
// or stays.
func addPlain(w *World) {
	count := 0
	for _, p := range w.procs {
		if p.core == nil && p.alive {
			count++
		}
	}
	if count >= 2 {
		return
	}
	w.podCount++
	p := &pod{w: w, name: "plain-" + string(rune('a'+w.podCount%26)), plain: true}
	p.lives = w.podCount * 100
	p.start()
	if w.permille(700) {
		w.after(w.duration(), func() {
			p.going = true
			if p.proc == nil {
				return
			}
			if w.permille(500) {
				p.proc.shutdown()
			} else {
				p.proc.crash("killed")
			}
		})
	}
}
