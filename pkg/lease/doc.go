// Package lease holds what Kindred knows about Leases without touching an API
// server: what is elected (Shard), what its Lease is called and labelled, what
// a Lease says (Record, Member), and how to judge it at a given moment (Judge).
//
// The package is pure. It has no goroutine, no clock, no client and no logger:
// time comes in as an argument, and every function returns the same answer for
// the same arguments. That is what lets the state machine in package elect be
// tested as a table and the simulator replay a run from its seed.
//
// Two rules of the protocol live here:
//
//   - A Lease held by another replica may be taken only after this replica has
//     itself watched the same resourceVersion for the whole duration written in
//     the Lease (Judge). The times written in a Lease are never compared with a
//     local clock; they are for people to read.
//   - An owner may act until SafeUntil: the local time at which the last
//     successful write was sent, plus the lease duration, less a margin for
//     clocks that run at different speeds (Timing).
package lease
