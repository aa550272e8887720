package lease

import (
	"encoding/json"
	"fmt"
	"time"
)

// AnnotationMember is the annotation of a member Lease that holds the Member as
// JSON.
const AnnotationMember = "kindred.dev/member"

// Phase is what a replica says about itself in its member Lease.
type Phase string

const (
	// Starting: it is alive but has not yet seen the Leases; it is given nothing.
	Starting Phase = "starting"
	// Ready: it can be given shards.
	Ready Phase = "ready"
	// Draining: it is leaving; it hands over what it owns and is given nothing.
	Draining Phase = "draining"
)

// Member is what a replica publishes about itself. It is advice for the plan
// and nothing else: no right follows from it.
type Member struct {
	// Identity is the replica's holder identity. It is stored as the member
	// Lease's holderIdentity.
	Identity string `json:"-"`
	// Instance is unique to the process. It tells two processes that were
	// configured with one identity from each other.
	Instance string `json:"instance"`
	// Phase is starting, ready or draining.
	Phase Phase `json:"phase"`
	// Capacity is how much the replica can carry relative to others; at least 1.
	Capacity int64 `json:"capacity"`
	// Serves lists the shards that the replica can run now, with their weights.
	Serves []Served `json:"serves"`

	// Revision is the version of the program; empty when it is not known.
	Revision string `json:"revision,omitempty"`
	// PodUID and Container say where the process runs; empty when not known. No two
	// processes run in one container of one Pod at once.
	PodUID    string `json:"podUID,omitempty"`
	Container string `json:"container,omitempty"`
	// Joined is when the first process of the container joined, in Unix seconds by the
	// API server's clock; zero when this is the first.
	Joined int64 `json:"joined,omitempty"`
	// Started is when this process was started, in Unix seconds by the node's clock,
	// rounded up.
	Started int64 `json:"started,omitempty"`
	// Crashes is how many processes of the container have ended in a row without
	// leaving in order.
	Crashes int `json:"crashes,omitempty"`
}

// Served is one shard that a replica can run.
type Served struct {
	// Shard as Shard.String writes it.
	Shard string `json:"shard"`
	// Weight is how much work the shard is relative to others; at least 1.
	Weight int64 `json:"weight"`
	// Group names the shards that must be with one owner; empty for none.
	Group string `json:"group,omitempty"`
	// Lease is the name of the shard's Lease where it was given; empty where it is the
	// one that Shard.Name makes.
	Lease string `json:"lease,omitempty"`
}

// MemberObservation is a Member as last seen.
type MemberObservation struct {
	Member
	// Lease is the member Lease's name; UID and Version identify the state seen.
	Lease, UID, Version string
	// Duration is how long the member counts as alive without a new version.
	Duration time.Duration
	// Renewed is the replica's own clock and only for display.
	Renewed time.Time
	// Created is when the Lease was made, by the API server's clock.
	Created time.Time
	// Since is the local time at which Version was first seen, First that at which
	// the first version of this object was.
	Since, First time.Time
}

// Alive says whether the member has renewed its Lease recently enough, judged
// by local observation alone.
func (m MemberObservation) Alive(fallback time.Duration, now time.Time) bool {
	return now.Before(m.ExpiresAt(fallback))
}

// ExpiresAt returns the local time from which the member no longer counts as
// alive unless a newer version is seen. A member that says that it lasts for years
// is believed for no longer than BoundedWait: being alive gives no right, and
// kinds would be handed to nobody for so long.
func (m MemberObservation) ExpiresAt(fallback time.Duration) time.Time {
	return m.Since.Add(BoundedWait(m.Duration, fallback))
}

// JoinedAt returns when the first process of the member's container joined, in Unix
// seconds by the API server's clock.
func (m MemberObservation) JoinedAt() int64 {
	if m.Joined != 0 || m.Created.IsZero() {
		return m.Joined
	}
	return m.Created.Unix()
}

// Encode returns the annotation's value.
func (m Member) Encode() (string, error) {
	text, err := json.Marshal(m.compact())
	if err != nil {
		return "", fmt.Errorf("encoding member %s: %w", m.Identity, err)
	}
	return string(text), nil
}

// DecodeMember reads a member Lease's annotation. Numbers below their least
// value are raised to it; a phase that is not known counts as starting, so that
// a newer version's replica is given nothing by mistake.
func DecodeMember(identity, annotation string) (Member, error) {
	var written compactMember
	err := json.Unmarshal([]byte(annotation), &written)
	m := written.Member
	if err == nil && len(written.ServesGzip) > 0 {
		m.Serves, err = unzip(written.ServesGzip)
	}
	if err != nil {
		return Member{}, fmt.Errorf("member %.80q: annotation %s is not what Kindred writes: %w", identity, AnnotationMember, err)
	}
	m.Identity = identity
	m.Capacity = max(m.Capacity, 1)
	for i := range m.Serves {
		m.Serves[i].Weight = max(m.Serves[i].Weight, 1)
	}
	switch m.Phase {
	case Starting, Ready, Draining:
	default:
		m.Phase = Starting
	}
	return m, nil
}
