// Package deploy tests what config/ deploys, on a cluster that runs Pods: "kubectl apply -k config/", and then what
// happens to Pods in the life of a cluster. "make e2e" runs it, on a node of its own (package node) or on the cluster of
// KINDRED_E2E_KUBECONFIG, into which the image has to be loaded before. Its tests have the build tag deploy, since they
// take a machine or a cluster that not everybody has; what judges their observations is tested with everything else.
//
// What is observed is a history: every change of an ownership Lease, and every write of a status, in the order in which
// etcd made them. Check holds it to one rule: whoever writes the status of a kind's object holds the kind's Lease, in the
// term that is written, at that moment.
package deploy
