// Package e2e has the tests of the Knative adapter that need a real API server: a
// reconciler that Knative's generators have made for a kind of its own tests, in
// processes that run the real sharedmain, with Kindred and with Knative's electors.
package e2e

//go:generate ./generate.sh
