package assign

// Reason says why a shard's planned owner was chosen. Its value is one word, fit for a metric's label
// and an Event's reason; its String is a sentence for logs, Events and the command line.
type Reason string

const (
	// Keep: the owner stays.
	Keep Reason = "Keep"
	// KeepNotReady: the owner stays although it is not ready, because it is alive.
	KeepNotReady Reason = "KeepNotReady"
	// Vacant: the shard had no owner.
	Vacant Reason = "Vacant"
	// OwnerGone: the owner is not among the live replicas.
	OwnerGone Reason = "OwnerGone"
	// OwnerDraining: the owner is leaving.
	OwnerDraining Reason = "OwnerDraining"
	// OwnerDoesNotServe: the owner is alive and cannot run this shard.
	OwnerDoesNotServe Reason = "OwnerDoesNotServe"
	// Balance: the owner could have kept the shard, and the load is better split without.
	Balance Reason = "Balance"
	// Pinned: somebody has chosen the replica for the shard.
	Pinned Reason = "Pinned"
	// KeepPinned: the owner stays, because somebody has chosen it.
	KeepPinned Reason = "KeepPinned"
	// Together: the shard goes where its group is.
	Together Reason = "Together"
	// NobodyServes: the planned owner is empty, because no replica can be given the shard.
	NobodyServes Reason = "NobodyServes"
)

var sentences = map[Reason]string{
	Keep:              "owner kept: the split is balanced",
	KeepNotReady:      "owner kept: it is alive but not ready, and gets no more",
	Vacant:            "no owner: given to the least loaded replica that serves it",
	OwnerGone:         "owner is gone: given to the least loaded replica that serves it",
	OwnerDraining:     "owner is leaving: given to the least loaded replica that serves it",
	OwnerDoesNotServe: "owner does not serve it: given to the least loaded replica that does",
	Balance:           "moved from a more loaded replica",
	Pinned:            "moved by hand",
	KeepPinned:        "owner kept by hand",
	Together:          "moved to where its group is",
	NobodyServes:      "no ready replica serves it: left vacant",
}

// String returns the sentence; for an unknown reason, its bare value.
func (r Reason) String() string {
	if s, ok := sentences[r]; ok {
		return s
	}
	return string(r)
}
