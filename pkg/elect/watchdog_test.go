package elect

import (
	"fmt"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// watchdog checks the core's contract (doc.go) from outside, by its events and
// actions alone. Every trace and every random run goes through it.
type watchdog struct {
	elector    map[lease.Shard]bool
	told       map[lease.Shard]bool // StopElector was sent to the elector that is up
	reconciler map[lease.Shard]bool
	fenced     map[lease.Shard]bool // Fence was sent to the reconciler that is up
	releasing  map[lease.Shard]bool
	asked      map[lease.Shard]Check      // Check was sent, and there is no answer
	clear      map[lease.Shard]lease.Term // the last answer showed no owner of another layout
	split      map[lease.Shard]bool       // such an answer must come first
	gone       map[string]string          // at which version the watch told that a Lease was deleted
	publishing bool
	finished   bool
}

func newWatchdog() *watchdog {
	return &watchdog{
		elector: map[lease.Shard]bool{}, told: map[lease.Shard]bool{},
		reconciler: map[lease.Shard]bool{}, fenced: map[lease.Shard]bool{}, releasing: map[lease.Shard]bool{},
		asked: map[lease.Shard]Check{}, clear: map[lease.Shard]lease.Term{}, split: map[lease.Shard]bool{},
		gone: map[string]string{},
	}
}

func (w *watchdog) saw(event Event, actions []Action) error {
	switch e := event.(type) {
	case Watched:
		if e.Kind == lease.Gone {
			w.gone[e.Name] = e.Version
		}
	case ElectorEnded:
		w.elector[e.Shard], w.told[e.Shard] = false, false
	case Returned:
		w.reconciler[e.Shard] = false
	case Released:
		w.releasing[e.Shard] = false
	case Acquired:
		w.split[e.Term.Shard] = e.Split || e.Term.Shard.Of > 0
	case Checked:
		delete(w.asked, e.Shard)
		delete(w.clear, e.Shard)
		if e.OK && alone(e) {
			w.clear[e.Shard] = e.Term
		}
	case Published:
		w.publishing = false
	}
	for _, a := range actions {
		if err := w.action(a); err != nil {
			return fmt.Errorf("%s: %w", describe(a), err)
		}
	}
	if e, ok := event.(LockLost); ok && w.reconciler[e.Shard] && !w.fenced[e.Shard] {
		return fmt.Errorf("I4: the Lease is lost and the reconciler may still write")
	}
	return nil
}

func (w *watchdog) action(a Action) error {
	if w.finished {
		return fmt.Errorf("action after Finish")
	}
	switch a := a.(type) {
	case StartCampaign:
		switch {
		case w.elector[a.Shard]:
			return fmt.Errorf("an elector of the shard is already up")
		case w.reconciler[a.Shard]:
			return fmt.Errorf("the reconciler of the term before still runs")
		case w.releasing[a.Shard]:
			return fmt.Errorf("a release is under way")
		}
		if name, _ := a.Shard.Name("op"); a.Seen != nil && !lease.Newer(a.Seen.Version, w.gone[name]) {
			return fmt.Errorf("the Lease was deleted after version %s", a.Seen.Version)
		}
		w.elector[a.Shard] = true
	case StopElector:
		if !w.elector[a.Shard] || w.told[a.Shard] {
			return fmt.Errorf("no elector is up, or it was told already")
		}
		w.told[a.Shard] = true
	case StartReconciler:
		if w.reconciler[a.Term.Shard] {
			return fmt.Errorf("I1: a reconciler of the shard already runs")
		}
		if w.split[a.Term.Shard] && w.clear[a.Term.Shard] != a.Term {
			return fmt.Errorf("I1: nobody has looked for owners of another layout")
		}
		w.reconciler[a.Term.Shard], w.fenced[a.Term.Shard] = true, false
	case Fence:
		if !w.reconciler[a.Term.Shard] {
			return fmt.Errorf("no reconciler runs")
		}
		w.fenced[a.Term.Shard] = true
	case StopReconciler:
		if !w.reconciler[a.Term.Shard] {
			return fmt.Errorf("no reconciler runs")
		}
		switch a.Reason {
		case HolderChanged, LeaseDeleted, LeaseEdited:
			if !w.fenced[a.Term.Shard] {
				return fmt.Errorf("I4: the reconciler is told to stop and may still write")
			}
		}
	case Release:
		switch {
		case w.reconciler[a.Term.Shard]:
			return fmt.Errorf("I2: the reconciler has not returned")
		case w.elector[a.Term.Shard]:
			return fmt.Errorf("the elector could write after the release")
		case w.releasing[a.Term.Shard]:
			return fmt.Errorf("a release is already under way")
		}
		w.releasing[a.Term.Shard] = true
	case Check:
		w.asked[a.Term.Shard] = a
	case Publish:
		if w.publishing {
			return fmt.Errorf("a publication is already under way")
		}
		w.publishing = true
	case Finish:
		w.finished = true
		if w.publishing {
			return fmt.Errorf("finished with a publication under way")
		}
	}
	return nil
}

// alone says whether an answer shows the term's own Lease, and no holder of another
// layout's.
func alone(e Checked) bool {
	kind, _, own := lease.SplitName(e.Term.Lease)
	for name, r := range e.Leases {
		if other, _, of := lease.SplitName(name); other == kind && of != own && r.Holder != "" {
			return false
		}
	}
	_, found := e.Leases[e.Term.Lease]
	return found
}
