// Package fleet starts, stops and kills the replicas of a system as processes, and
// reads their journal.
package fleet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/kindred-k8s/kindred/test/bench/journal"
	"github.com/kindred-k8s/kindred/test/bench/replica"
	"github.com/kindred-k8s/kindred/test/bench/system"
	"github.com/kindred-k8s/kindred/test/cluster"
	"github.com/kindred-k8s/kindred/test/faultproxy"
)

// look is the pause between two looks at the journal.
const look = 20 * time.Millisecond

// World is what all fleets have in common.
type World struct {
	Cluster *cluster.Cluster
	Client  kubernetes.Interface
	// Dir is for journals and kubeconfigs.
	Dir string
	// Profile is a directory for profiles; empty for none.
	Profile string
}

// Options say what a fleet shares and how.
type Options struct {
	Kinds  int
	Finish time.Duration
}

// Fleet is the replicas of one system, in a namespace of their own.
type Fleet struct {
	System  system.System
	options Options
	world   *World
	order   replica.Order

	mu        sync.Mutex
	processes []*Process
	proxies   []*faultproxy.Proxy
	started   int
}

// New returns a fleet without replicas.
func New(ctx context.Context, w *World, s system.System, o Options) (*Fleet, error) {
	namespace, err := w.Client.CoreV1().Namespaces().Create(ctx,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "bench-"}}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	return &Fleet{System: s, options: o, world: w, order: replica.Order{
		System: s.Name, Timing: s.Timing, Kubeconfig: w.Cluster.Kubeconfig, Namespace: namespace.Name,
		Journal: filepath.Join(w.Dir, namespace.Name+".journal"), Kinds: o.Kinds, Finish: o.Finish, Profile: w.Profile,
	}}, nil
}

// Choice changes the order of a process.
type Choice func(*replica.Order)

// Revision is the version of the program.
func Revision(r string) Choice { return func(o *replica.Order) { o.Revision = r } }

// Capacity is how much the replica can carry.
func Capacity(c int64) Choice { return func(o *replica.Order) { o.Capacity = c } }

// Through lets the replica reach the API server through the proxy alone.
func (f *Fleet) Through() (*faultproxy.Proxy, Choice, error) {
	proxy, err := faultproxy.New(f.world.Cluster.RESTConfig())
	if err != nil {
		return nil, nil, err
	}
	f.mu.Lock()
	f.proxies = append(f.proxies, proxy)
	path := filepath.Join(f.world.Dir, fmt.Sprintf("%s-%d.kubeconfig", f.order.Namespace, len(f.proxies)))
	f.mu.Unlock()
	return proxy, func(o *replica.Order) { o.Kubeconfig = path }, proxy.WriteKubeconfig(path)
}

// Start starts a process with n replicas, with names that no others have had.
func (f *Fleet) Start(n int, choices ...Choice) (*Process, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.order
	for range n {
		o.Pods = append(o.Pods, fmt.Sprintf("replica-%03d", f.started))
		f.started++
	}
	for _, choose := range choices {
		choose(&o)
	}
	p, err := start(o)
	if err == nil {
		f.processes = append(f.processes, p)
	}
	return p, err
}

// Kinds are the names of the fleet's kinds in the journal.
func (f *Fleet) Kinds() []string {
	var names []string
	for _, kind := range system.Kinds(f.options.Kinds) {
		names = append(names, kind.String())
	}
	return names
}

// Alive are the processes that have not been told to end, and Pods their replicas.
func (f *Fleet) Alive() []*Process {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.processes), func(p *Process) bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.ending
	})
}

func (f *Fleet) Pods() []string {
	var pods []string
	for _, p := range f.Alive() {
		pods = append(pods, p.Pods...)
	}
	return pods
}

// Stretches returns what has run so far.
func (f *Fleet) Stretches() ([]journal.Stretch, error) {
	lines, err := journal.Read(f.order.Journal)
	return journal.Stretches(lines), err
}

// Busiest returns the process that owns most kinds, the oldest of several.
func (f *Fleet) Busiest() (*Process, error) {
	all, err := f.Stretches()
	if err != nil {
		return nil, err
	}
	var busiest *Process
	most := -1
	for _, p := range f.Alive() {
		n := 0
		for _, owned := range journal.Owned(all, p.Pods, time.Now()) {
			n += owned
		}
		if n > most {
			busiest, most = p, n
		}
	}
	if most <= 0 {
		return nil, errors.New("no replica owns a kind")
	}
	return busiest, nil
}

// Settle waits until each kind has one reconciler, on a replica that is to stay, and
// nothing has happened for the time quiet.
func (f *Fleet) Settle(ctx context.Context, quiet time.Duration) error {
	return f.Until(ctx, func(all []journal.Stretch) error {
		now := time.Now()
		if err := covered(all, f.Kinds(), f.Pods(), now); err != nil {
			return err
		}
		for _, s := range all {
			if last := max(now.Sub(s.From), 0); last < quiet || (!s.To.IsZero() && now.Sub(s.To) < quiet) {
				return fmt.Errorf("%s is on its way", s.Kind)
			}
		}
		return nil
	})
}

// covered says which kind does not have one reconciler on one of pods.
func covered(all []journal.Stretch, kinds, pods []string, now time.Time) error {
	running := journal.Running(all, now)
	for _, kind := range kinds {
		by := running[kind]
		if len(by) != 1 || !slices.Contains(pods, by[0]) {
			return fmt.Errorf("%s is run by %d replicas: %v", kind, len(by), by)
		}
	}
	return nil
}

// Until waits until what is asked of the journal holds. It fails when a process has
// ended by itself.
func (f *Fleet) Until(ctx context.Context, holds func([]journal.Stretch) error) error {
	for {
		all, err := f.Stretches()
		if err != nil {
			return err
		}
		for _, p := range f.Alive() {
			if err := p.failure(); err != nil {
				return err
			}
		}
		missing := holds(all)
		if missing == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s with %d kinds: %w, and %w", f.System.Name, f.options.Kinds, context.Cause(ctx), missing)
		case <-time.After(look):
		}
	}
}

// Close kills what runs and removes what the fleet has left behind.
func (f *Fleet) Close() error {
	for _, p := range f.Alive() {
		p.signal(syscall.SIGKILL)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.processes {
		<-p.gone
	}
	var errs []error
	for _, proxy := range f.proxies {
		errs = append(errs, proxy.Close())
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	errs = append(errs,
		f.world.Client.CoordinationV1().Leases(f.order.Namespace).DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}))
	if err := os.Remove(f.order.Journal); !os.IsNotExist(err) {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Finish is how long the fleet's work takes to finish.
func (f *Fleet) Finish() time.Duration { return f.options.Finish }
