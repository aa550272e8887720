package lease

import "iter"

// Candidate is a live replica as Record.Pin looks at it.
type Candidate struct {
	// Identity is the replica's holder identity, Started its Member.Started.
	Identity string
	Started  int64
	// May says that the replica may be given the shard: it is ready and serves it.
	May bool
}

// Pin returns the replica that the annotations choose for the shard; "" when the
// plan is free to choose. owner is the shard's owner of today, "" for none.
//
// MoveTo names a replica by its identity or by its Pod's name; of several processes
// in one Pod it means the one that was started last, whatever may be said of it.
// When nobody of that name may be given the shard, MoveTo counts for nothing, and
// Paused, which chooses the owner, for what it does by itself.
func (r Record) Pin(owner string, candidates iter.Seq[Candidate]) string {
	if r.MoveTo != "" {
		var chosen Candidate
		for c := range candidates {
			if c.Identity == r.MoveTo {
				chosen = c
				break
			}
			if PodName(c.Identity) == r.MoveTo && (chosen.Identity == "" || c.Started > chosen.Started) {
				chosen = c
			}
		}
		if chosen.May {
			return chosen.Identity
		}
	}
	if r.Paused {
		return owner
	}
	return ""
}
