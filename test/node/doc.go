// Package node is a whole Kubernetes on this machine, with one node: the control plane of test/controlplane, and beside it
// kube-controller-manager, kube-scheduler and kubelet (test/controlplane/node), with the machine's own containerd, runc and
// CNI plug-ins. "make cluster" runs it for a person, and "make e2e" for the tests in test/deploy.
//
// All of it lives in one process tree, which is in PID, mount, network, IPC and UTS namespaces of its own:
//
//   - When its first process ends, or this one, the kernel ends every other one in it, containers too.
//   - The mounts, the network with its bridge and addresses, and the files of containerd and kubelet (which are on tmpfs)
//     are the namespaces', and go with them. The kernel's settings that a kubelet changes are covered by copies.
//   - What is left on the machine is a directory and empty cgroups. Stop removes them, and Clean those of a process that
//     was killed; a later Start does that too.
//
// Inside, the API server listens on the address of the Service "kubernetes", so that Pods find it where Kubernetes tells
// them to look, without kube-proxy. There is no DNS, and nothing leads out of the network: no other machine can be
// reached from it, nor reaches it. This process's side listens on one port of loopback, and passes connections on.
//
// It takes Linux and root.
package node
