// Package cluster gives tests, the demo and the benchmarks a real Kubernetes API server.
//
// Which one is used, in this order:
//
//  1. an existing cluster, named by Options.Kubeconfig or $KINDRED_TEST_KUBECONFIG. $KUBECONFIG is never read: a test
//     must not write to whatever cluster a person happens to be working with. Stop does nothing to it; Kill and Restart
//     are refused.
//  2. the executables etcd and kube-apiserver in the directory $KUBEBUILDER_ASSETS, as envtest users have them.
//  3. the program in test/controlplane, which has both inside: $KINDRED_CONTROLPLANE if that is set, otherwise
//     bin/controlplane in the repository, compiled first when it is missing or out of date. The first compilation takes
//     minutes.
//
// In the second and third case the cluster is new and empty, belongs to the caller, and ends with the caller's process,
// however that ends. No controllers, scheduler or kubelet run in it.
package cluster
