// Package leaseapi is a Lease API in memory, for tests in virtual time and for
// simulations. Unlike client-go's fake clientset it refuses a write at an old
// resourceVersion, numbers all changes in one order, and lets a watch begin at
// any version; that is what elections live on. What it promises is held by the
// tests in package coordinator/storetest, which run against it and against a
// real API server alike.
package leaseapi
