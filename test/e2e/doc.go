// Package e2e tests Kindred as its users run it: a real kube-apiserver and etcd,
// replicas of the sample operator as operating-system processes, real CRDs with
// objects in them.
//
// All replicas of a test write one line to a shared journal when a reconciler
// starts and when it has stopped, and so does everybody else who competes for a
// kind. Whenever the journal is read, and once more at the end of the test, a kind
// that has two reconcilers at once fails the test.
package e2e
