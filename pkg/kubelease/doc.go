// Package kubelease is Kindred's side of the Lease API: one watch over all
// Leases of a component, the lock that each client-go LeaderElector is given,
// the release after the work has ended, and the replica's member Lease.
//
// Nothing here decides anything. Package elect decides; this package carries it
// out and tells what it saw, and it refuses what client-go's LeaderElector would
// do in moments in which it must not (see Lock).
package kubelease
