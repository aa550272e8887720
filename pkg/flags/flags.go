// Package flags makes the settings of a replica from a program's flags, from its Pod's
// environment and from what Kubernetes puts into its container.
//
// The flags for leader election have the names and the defaults that they have in
// Kubernetes' own programs (k8s.io/component-base), so that a manifest that sets them
// stays as it is, unless it asks for what Kindred does not have: no election, or locks
// that are no Leases. The environment is the downward API's. What counts, first to last:
// the flag, the environment, the file that comes with the service account, the
// default. docs/configuration.md has the table.
package flags

import (
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// The environment that is read. A Pod's manifest sets it from the downward API.
const (
	PodName      = "POD_NAME"          // metadata.name
	PodNamespace = "POD_NAMESPACE"     // metadata.namespace
	PodUID       = "POD_UID"           // metadata.uid
	PodContainer = "POD_CONTAINER"     // the container's name, written out
	PodRevision  = "POD_TEMPLATE_HASH" // metadata.labels['pod-template-hash']
)

// namespaceFile is where Kubernetes tells a container its Pod's namespace, unless
// the service account is not mounted.
const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// Flags are what the command line and the environment say. Make them with Bind, and
// read them with Options once the flags are parsed.
type Flags struct {
	set    *pflag.FlagSet
	getenv func(string) string
	// readFile is os.ReadFile; tests replace it.
	readFile func(string) ([]byte, error)

	elect                   bool
	component, namespace    string
	lock                    string
	kubeconfig, oldLock     string
	timing                  lease.Timing
	podName, podNamespace   string
	revision                string
	watchPods, deletionCost bool
	capacity                int64
	learnWeights            bool
	rebalance, drain        time.Duration
	handovers               int
}

// Bind adds the flags to those of the program, none of which may have the same name.
// component is the default for the name that all replicas share. getenv is os.Getenv,
// and is asked when Options is called.
func Bind(set *pflag.FlagSet, component string, getenv func(string) string) *Flags {
	f := &Flags{set: set, getenv: getenv, readFile: os.ReadFile}
	f.bindElection(component)
	f.bindPod()
	set.Int64Var(&f.capacity, "capacity", 1, "how much this replica can carry, relative to the others")
	set.BoolVar(&f.learnWeights, "learn-weights", false, "let kinds weigh what their reconcilers do")
	set.DurationVar(&f.rebalance, "rebalance-delay", coordinator.DefaultRebalanceDelay, "how long the replicas must stay the same before kinds that have an owner move")
	set.DurationVar(&f.drain, "drain-timeout", coordinator.DefaultDrainTimeout, "how long a reconciler may take to stop; the process ends when it takes longer")
	set.IntVar(&f.handovers, "max-handovers", 0, "how many kinds may move at once to even out the split; 0 for any number")
	return f
}

// leases is the only lock there is, by Kubernetes' name for it.
const leases = "leases"

// bindElection has Kubernetes' own names, and those of what Kindred has more.
func (f *Flags) bindElection(component string) {
	f.set.BoolVar(&f.elect, "leader-elect", true, "elect an owner for each kind; cannot be turned off")
	f.set.StringVar(&f.component, "leader-elect-resource-name", component, "the name that all replicas share; Leases are named after it")
	f.set.StringVar(&f.lock, "leader-elect-resource-lock", leases, "what is locked; nothing but "+leases)
	f.set.StringVar(&f.namespace, "leader-elect-resource-namespace", "", "where the Leases are; without it, the Pod's namespace")
	f.set.DurationVar(&f.timing.LeaseDuration, "leader-elect-lease-duration", lease.DefaultLeaseDuration, "how long others wait before they take a Lease over; whole seconds")
	f.set.DurationVar(&f.timing.RenewDeadline, "leader-elect-renew-deadline", lease.DefaultRenewDeadline, "how long an owner goes on trying to renew")
	f.set.DurationVar(&f.timing.RetryPeriod, "leader-elect-retry-period", lease.DefaultRetryPeriod, "the time between renewals")
	f.set.StringVar(&f.kubeconfig, "leader-elect-kubeconfig", "", "how to reach the cluster of the Leases, when it is another one than that of the objects")
	f.set.StringVar(&f.oldLock, "leader-elect-old-lock", "", "the name of the one Lease with which an older version of the program elected, while replicas of it may run; --leader-elect-lease-duration must not be longer than its")
}

// bindPod has what the downward API knows.
func (f *Flags) bindPod() {
	f.set.StringVar(&f.podName, "pod-name", "", "the Pod's name; without it, "+PodName+", or the host name")
	f.set.StringVar(&f.podNamespace, "pod-namespace", "", "the Pod's namespace; without it, "+PodNamespace+", or the service account's")
	f.set.StringVar(&f.revision, "revision", "", "the version of the program, so that rollouts move kinds to the newest only; without it, "+PodRevision)
	f.set.BoolVar(&f.watchPods, "watch-pods", true, "take over at once from containers that the kubelet reports ended; needs "+PodUID+" and to get, list and watch pods")
	f.set.BoolVar(&f.deletionCost, "pod-deletion-cost", false, "keep the Pod's deletion cost at the number of kinds that it owns; needs "+PodUID+" and to patch pods")
}
