package lease

import "fmt"

// Term is one unbroken ownership of a shard by one replica.
type Term struct {
	// Shard is what is owned.
	Shard Shard
	// Lease is the name of the ownership Lease, Namespace where it is.
	Namespace, Lease string
	// Holder is the owner's identity.
	Holder string
	// UID and Transitions are the Lease's UID and leaseTransitions during the
	// term. Transitions grows by one with every change of holder and starts again
	// at zero when the Lease is deleted, which is why the UID belongs to it.
	UID         string
	Transitions int
}

// Token identifies the term to systems outside the cluster. Two terms of a
// shard never have the same token. Tokens with the same part before the slash
// are ordered by the number after it.
func (t Term) Token() string { return fmt.Sprintf("%s/%d", t.UID, t.Transitions) }

// Is says whether the record is a state of the Lease within this term.
func (t Term) Is(r Record) bool {
	return r.UID == t.UID && r.Holder == t.Holder && r.Transitions == t.Transitions
}
