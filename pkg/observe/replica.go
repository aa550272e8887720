package observe

import (
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

type (
	// Started: see Hooks. It says which replica this is; see coordinator.Options for the
	// fields.
	Started struct {
		Component, Namespace, Identity string
		PodName, PodNamespace, PodUID  string
		// Shards are what it has reconcilers for, with the timing of each Lease.
		Shards map[lease.Shard]lease.Timing
	}

	// Joined: see Hooks.
	Joined struct{}

	// Left: see Hooks.
	Left struct{}

	// Vacant: see Hooks.
	Vacant struct {
		Shard lease.Shard
		// From was the owner; empty when none was seen.
		From string
		How  Vacancy
		// Since is the local time from which it had no owner, as Elected.Without counts.
		Since time.Time
	}

	// Taken: see Hooks.
	Taken struct {
		Shard lease.Shard
		By    string
		// After and Without are as in Elected.
		After   Vacancy
		Without time.Duration
	}

	// Planned: see Hooks.
	Planned struct {
		// Elsewhere is how many shards have an owner and are to have another one.
		Elsewhere int
	}

	// ProblemBegan: see Hooks. It comes again when the operation fails in another way.
	ProblemBegan struct {
		// Operation is a stable key, such as "watch", or "lease" and a Lease's name.
		Operation string
		Err       error
	}

	// ProblemEnded: see Hooks.
	ProblemEnded struct{ Operation string }

	// LeaseRequest: see Hooks.
	LeaseRequest struct {
		// Verb is get, list, watch, create, update, patch or delete.
		Verb string
		// Code is the HTTP status of the answer; zero when none came.
		Code int
		Took time.Duration
	}
)
