// Package policy makes the API server itself refuse writes by a replica that does
// not own a kind.
//
// Generate returns, for each kind, ValidatingAdmissionPolicies that take the kind's
// ownership Lease as their parameter. They compare the Pod's name in the Lease's
// holderIdentity with the Pod's name that the API server puts on each request made
// with the bound token of a Pod's service account. No code of the replica has a part
// in it, so it also holds for a process that was stopped between its check and its
// write. Generation is pure; "kindred policy" is its command line.
//
// LeaseWatch returns one more policy, which keeps the API server's watch of Leases
// alive. WaitUntilSeen is for a new owner: it returns once the API server has seen that the
// Lease has changed hands; Waiter makes the coordinator call it. IsRefused recognizes the refusals.
//
// What is guaranteed, and what is not, is in docs/fence-server.md.
package policy
