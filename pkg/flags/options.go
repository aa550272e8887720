package flags

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Options returns the settings for coordinator.New, in which a program may change
// what there is no flag for. The error names everything that is wrong, by flags and
// variables; what it lets pass, the coordinator does too.
func (f *Flags) Options() (coordinator.Options, error) {
	pod, err := f.pod()
	errs := []error{err}
	namespace := cmp.Or(f.namespace, pod.PodNamespace)
	if namespace == "" {
		errs = append(errs, fmt.Errorf("there is no namespace for the Leases: give --leader-elect-resource-namespace, or set %s from the downward API (metadata.namespace)", PodNamespace))
	}
	leases, err := f.leaseConfig()
	errs = append(errs, err)
	if err := errors.Join(append(errs, f.validate(pod)...)...); err != nil {
		return coordinator.Options{}, err
	}
	o := pod
	o.Component, o.Namespace, o.OldLock, o.Timing = f.component, namespace, f.oldLock, f.timing
	o.Capacity, o.LearnWeights = f.capacity, f.learnWeights
	o.RebalanceDelay, o.DrainTimeout, o.MaxHandovers = f.rebalance, f.drain, f.handovers
	o.DeletionCost = f.deletionCost
	o.LeaseConfig = leases
	if !f.watchPods {
		o.Pods = coordinator.NoPods
	}
	return o, nil
}

// pod returns who this replica is.
func (f *Flags) pod() (coordinator.Options, error) {
	namespace, err := cmp.Or(f.podNamespace, f.getenv(PodNamespace)), error(nil)
	if namespace == "" {
		namespace, err = f.accountNamespace()
	}
	host, _ := os.Hostname() // when that fails too, the coordinator has a name
	return coordinator.Options{
		PodName:      cmp.Or(f.podName, f.getenv(PodName), host),
		PodNamespace: namespace,
		PodUID:       f.getenv(PodUID),
		Container:    f.getenv(PodContainer),
		Revision:     cmp.Or(f.revision, f.getenv(PodRevision)),
	}, err
}

// accountNamespace reads the file of the service account; empty without one.
func (f *Flags) accountNamespace() (string, error) {
	text, err := f.readFile(namespaceFile)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the Pod's namespace: %w; give --pod-namespace or set %s", err, PodNamespace)
	}
	return strings.TrimSpace(string(text)), nil
}

// leaseConfig says how to reach the cluster of the Leases; nil for the objects'.
func (f *Flags) leaseConfig() (*rest.Config, error) {
	if f.kubeconfig == "" {
		return nil, nil
	}
	if f.oldLock != "" {
		return nil, errors.New("--leader-elect-old-lock and --leader-elect-kubeconfig: the old lock has to be where the Leases are; move the Leases to another cluster when the old version is gone")
	}
	config, err := clientcmd.BuildConfigFromFlags("", f.kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("--leader-elect-kubeconfig: %w", err)
	}
	return config, nil
}

// validate checks all but whether there is a namespace. Zeros, which the coordinator
// takes for its defaults, are refused where somebody has written them.
func (f *Flags) validate(pod coordinator.Options) []error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !f.elect {
		add("--leader-elect is false: kinds without an election would be reconciled by every replica; leave the flag out, and run one replica, which owns every kind, if one should do all the work")
	}
	if f.lock != "" && f.lock != leases {
		add("--leader-elect-resource-lock is %q: there are no locks but Leases; give %q or leave the flag out", f.lock, leases)
	}
	if err := lease.ValidateComponent(f.component); err != nil {
		add("--leader-elect-resource-name: %w", err)
	}
	label := func(flag, name string) {
		if problems := validation.IsDNS1123Label(name); name != "" && len(problems) > 0 {
			add("%s is %q: %s", flag, name, problems[0])
		}
	}
	label("--leader-elect-resource-namespace", f.namespace)
	label("the Pod's namespace (--pod-namespace, "+PodNamespace+")", pod.PodNamespace)
	if problems := validation.IsDNS1123Subdomain(f.oldLock); f.oldLock != "" && len(problems) > 0 {
		add("--leader-elect-old-lock is %q: %s", f.oldLock, problems[0])
	}
	if err := f.timing.Validate(); err != nil {
		add("--leader-elect-lease-duration, --leader-elect-renew-deadline, --leader-elect-retry-period: %w", err)
	}
	if f.capacity < 1 {
		add("--capacity is %d: it must be at least 1", f.capacity)
	}
	if f.rebalance <= 0 {
		add("--rebalance-delay is %v: it must be greater than zero", f.rebalance)
	}
	if f.drain <= 0 {
		add("--drain-timeout is %v: it must be greater than zero", f.drain)
	}
	if f.handovers < 0 {
		add("--max-handovers is %d: it must not be negative; 0 is no bound", f.handovers)
	}
	return append(errs, f.validatePod(pod)...)
}

// validatePod refuses what would have no effect, and says what is missing.
func (f *Flags) validatePod(pod coordinator.Options) []error {
	var errs []error
	needs := func(asked bool, what string) {
		if asked {
			errs = append(errs, fmt.Errorf("%s needs the Pod's UID: set %s from the downward API (metadata.uid)", what, PodUID))
		}
	}
	if pod.PodUID == "" {
		needs(f.deletionCost, "--pod-deletion-cost")
		needs(f.watchPods && f.set.Changed("watch-pods"), "--watch-pods")
		needs(pod.Container != "", PodContainer)
	} else if pod.PodNamespace == "" {
		errs = append(errs, fmt.Errorf("%s is set and the Pod's namespace is not known: set %s from the downward API (metadata.namespace)", PodUID, PodNamespace))
	}
	return errs
}
