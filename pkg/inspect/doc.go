// Package inspect answers "who owns what" from Leases alone, for the command
// line, a diagnostics page and JSON.
//
// Build is pure: it makes a Snapshot of a list of Leases and the reader's clock.
// Collect lists the Leases and calls it once; Watch goes on, and tells each
// change of owner as it happens.
//
// Nothing here decides anything. A Snapshot calls a Lease stale, and a replica
// not alive, by comparing the times that their writers put into the Leases with
// the reader's own clock. Owners and candidates never do that (package lease says
// what they do), so a reader whose clock is wrong is shown a wrong state and
// nothing else goes wrong.
//
// A Lease can be written by anybody who has the right to. One that is not what
// Kindred writes ends up in Snapshot.Problems with what to do about it.
package inspect
