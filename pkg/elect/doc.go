// Package elect is one replica's state machine. It is told what happens (Event)
// and says what to do (Action). It has no goroutine, no clock, no I/O, no logger
// and no randomness: the same events at the same times give the same actions.
// This comment is its specification; the traces in testdata read as examples of
// it, and watchdog_test.go checks the core's side of the contract after every
// step of every trace and of every random run.
//
// # The caller's contract
//
// One goroutine owns a Core. It calls Step with each event and the local time,
// which never goes backwards, and starts every action that Step returns, in
// order, without waiting for any. It calls Step with Tick no later than Next
// says; further Ticks do no harm. The answers come back as events:
//
//	StartCampaign    Acquired at most once, then Renewed any number of times and
//	                 LockLost at most once, then ElectorEnded, once and last
//	StopElector      the elector makes no further request; ElectorEnded follows
//	StartReconciler  Returned, once, when nothing that it started runs any more
//	StopReconciler   cancels the reconciler's context; Returned follows
//	Release          Released
//	Check            Checked
//	Evict            nothing
//	Publish          Published
//	Collect          nothing
//	Stuck            nothing, or the end of the process
//	Finish           nothing; no Step after it does anything
//
// Two things are easy to get wrong. SentAt, in Acquired and Renewed, is the time
// before the write was sent, not the time of its answer: the right to act counts
// from there. And a write whose answer did not come may have happened: it is
// reported as nothing at all, and the watch will tell.
//
// The other events come by themselves: Watched, in the order of the API server;
// PodSeen, in order for each Pod; Serves, when the replica becomes able or unable to
// run a kind; Load, when its work was measured; Shutdown, once the replica is to
// leave. Watched may be behind the answers to the replica's own
// writes, and may tell the same state again: states older than a known one are
// passed over.
//
// # The core's side
//
//   - At most one elector per shard. None is started while the reconciler of an
//     earlier term runs or a release is under way.
//   - At most one reconciler per shard. One for a bucket, or for a kind that was split
//     at some time, only after a Check of its term.
//   - A Release only when neither the shard's reconciler nor its elector runs.
//   - At most one Publish under way.
//   - Stuck at most once per term, and then the elector is stopped, so that the
//     Lease expires.
//   - Next is always in the future. After Shutdown and all answers, Finish.
//
// # A shard's life on this replica
//
//	        the Lease is free and ours to take                Acquired
//	Standby ----------------------------------> Campaigning ----------> Owning
//	   ^ ^      ElectorEnded without a win |         |                     |
//	   | +----------------------------------         | Acquired, but       | a reason
//	   |                                             | called off          | to end
//	   |          Released, or nothing to release    v                     v
//	   +----------------------------------------- Draining <---------------+
//
// Standby. No elector runs and nothing is asked of the API server. A Lease is
// free when it does not exist, has no holder, or has expired: this replica has
// watched one version of it for the whole duration that is written in it, or its
// holder's process is known to run no more (ended.go). A free
// Lease is campaigned for when the watch has told everything there is (Synced),
// this replica's presence as ready has been written (Published), it is not
// leaving, and it offers the shard: the kind is served, no reconciler of it is
// stuck here, and no pause after a failure is running. Then
//
//   - at once, if the plan gives the shard to this replica (Planned);
//   - after Config.Grace, one retry period, by anyone (GraceOver).
//
// Two exceptions. A Lease that was deleted while another replica held it (a
// ghost) is not free until the duration of the state that was last seen has run
// out (lease.BoundedWait: nobody waits for 68 years), or until it has been made
// anew: its holder may be at work and not know. To the former holder itself it is
// free as soon as its reconciler has returned. And a Lease that names this
// replica, which has no term, is released (LeftOver): the answer to an earlier
// write of its own was lost.
//
// A kind can be split in several ways (layout.go), and what is said here is then for
// each layout: a Lease is not free while one of another layout of its kind is held,
// and one of another layout that has expired is freed first (Evict). The plan is about
// the layout that is to be. In another one a free Lease is campaigned for only after a
// lease duration more than the grace period.
//
// Campaigning. The elector was given the grounds: the state of the Lease that
// makes it free. It is stopped when a newer state names another holder, when the
// replica leaves, and when the kind is no longer served.
//
// Owning. The term began with the elector's first write, and the reconciler starts at
// once, or when a Check has shown that the kind has no owner under another layout. It
// ends, with StopReconciler and the reason, when
//
//   - the watch or the elector shows another holder or none (HolderChanged), or
//     that the Lease is gone or is another object (LeaseDeleted). The Lease is
//     lost: the elector is stopped and nothing is released;
//   - no renewal sent in the last RenewDeadline has succeeded, or the elector has
//     given up (RenewFailed); safe-until has passed, in a process that was stopped
//     for a while (SafeUntilPassed);
//   - a Lease of another layout of the kind has a holder (OtherLayout), or the kind is
//     to be owned in another layout and membership has held still or a bucket is vacant
//     (LayoutChanged);
//   - somebody has shortened the duration in the Lease (LeaseEdited): others wait
//     only for what is written, so safe-until comes forward too. Without any
//     duration they wait for their own, and safe-until stays;
//   - the replica leaves and has announced it, or must not wait for that: the
//     announcement has failed, or has hung for a retry period or half of DrainTimeout,
//     or no reconciler runs, or it was told to stop working now (Leaving); or it no
//     longer serves the kind (NotServed);
//   - the plan gives the shard to another replica, membership has held still for
//     RebalanceDelay, no rollout is going on, and MaxMoving leaves room (Moved); or
//     somebody has chosen another replica that may be given it (ByHand, at once);
//   - the reconciler has returned by itself (ReconcilerEnded; there is nothing left
//     to stop). The replica does not offer the shard for one second, then two, and
//     so on up to a minute.
//
// Draining. In this order: wait for Returned, while the elector goes on renewing
// unless the Lease is lost; stop the elector and wait for ElectorEnded; release,
// unless the Lease is lost; Standby. A leaving replica releases only after its
// announcement has been written, so that those who take over plan without it, but
// waits no longer for that than one retry period. A reconciler that has not
// returned by safe-until, or within DrainTimeout, is Stuck.
//
// In a rollout (rollout.go) the plan gives what needs an owner to the newest revision,
// and a shard that it has moved twice stays for a while. A process that starts again
// in its container inherits what the one before owned, and its crashes: after several
// it is published as Starting for a while, which gives it nothing.
//
// A shard that was Moved, or ByHand, and was not taken by the planned replica, so that this
// one took it back, is not moved to the same replica again for twice
// RebalanceDelay, then four times, and so on up to five minutes.
//
// # Where the rules are kept
//
// The names are those of docs/design.md.
//
//   - I1, one owner: StartReconciler is said in one place (begin), on Acquired or on
//     Checked, and checkTerm, lose and gone end a term that the Lease contradicts. The plan
//     decides only who campaigns first and who hands over.
//   - I2, stop before release: advanceDrain. releaseLeftOver is in Standby, where
//     no reconciler runs.
//   - I3, safe-until: shard.safeUntil is lease.Timing.SafeUntil of SentAt; expiry
//     is lease.Judge of an Observation whose Since is this replica's own clock.
//   - I4, over at safe-until: advanceOwner, watchStuck. shard.renewBy comes before
//     safeUntil so that the reconciler has time to return. What Stuck does is up to
//     the caller.
//   - I5, never ownerless for long: advanceStandby. Replicas that let a Lease
//     expire and were not heard of since (suspects) are planned as not ready, so
//     that nobody waits for them. Ghosts are the one case in which safety is bought
//     with time.
//   - I6, plans settle: package assign; here RebalanceDelay and the pause after a
//     refused handoff keep replicas that see different things from taking turns.
//   - I7, interoperable: a shard's Lease is judged by client-go's rule, whoever
//     wrote it, and owners without a member Lease are never counted as replicas.
package elect
