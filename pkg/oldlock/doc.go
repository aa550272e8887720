// Package oldlock keeps replicas of an older version of a program, which have one
// lock for everything, apart from the replicas of this one, which have a Lease for
// each kind.
//
// All new replicas hold the old lock together: they write one and the same
// holderIdentity into its Lease. An old replica, which runs a plain LeaderElector of
// client-go, sees somebody else's Lease that is renewed, and waits. It needs to know
// nothing of this.
//
// Each new replica acts only under its own writes. What is true of every one:
//
//   - After a write of its own, sent at local time t and accepted, it may act until
//     t + leaseDuration less a margin, and that is all it may. It concludes nothing
//     from seeing that others renew the Lease. An old replica takes over only after it
//     has watched one record for leaseDuration, and it has seen none of this write
//     before t. Electors of client-go before v0.27 mean their own leaseDuration, so a
//     longer one is refused (ErrTooLong).
//   - Renewals of others make an old replica wait longer, never less long: no two
//     records of one holding are equal, and the duration that is written never becomes
//     shorter. client-go compares records as JSON, in which a time has whole seconds,
//     and several replicas write in one second. So the acquireTime is a counter: each
//     write adds a second to it. It does not say since when the lock is held, and may
//     be ahead of every clock.
//   - A write goes through only at the version that was read, so a replica that joins
//     others does so while they hold the Lease, and never writes over an old leader.
//   - A replica that reads another holder, another object, or another number of
//     transitions than those under which it holds, has lost the lock.
//   - The Lease is released by the last replica that holds it, after its work has
//     ended. Who holds it is an annotation, which changes in the same writes. When
//     one of them has crashed lately there is no release, and the Lease expires.
package oldlock
