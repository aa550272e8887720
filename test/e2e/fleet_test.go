package e2e

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// Timings. The short one keeps the tests short.
var (
	short    = lease.Timing{LeaseDuration: 5 * time.Second, RenewDeadline: 3 * time.Second, RetryPeriod: time.Second}
	defaults = lease.Timing{}.WithDefaults()
)

// perKind is how many objects of each kind a test has.
const perKind = 2

// fleet is the replicas of one component, with the namespace of their Leases, a
// namespace with objects for them, and their journal.
type fleet struct {
	t          *testing.T
	component  string
	namespace  string // of the Leases
	objects    string // the namespace of the objects
	kinds      []string
	timing     lease.Timing
	rebalance  time.Duration
	kubeconfig string   // for replicas that are not given another
	env        []string // of replicas, besides what each is given
	dir        string
	journal    *journal
	live       map[string]*replica
	launched   []*replica
	finished   bool
}

// newFleet returns one with no replicas. At the end of the test those that live
// are asked to stop, and must.
func newFleet(t *testing.T, change ...func(*fleet)) *fleet {
	t.Helper()
	dir := t.TempDir()
	f := &fleet{
		t: t, component: "op", kinds: kindNames(), timing: short, rebalance: time.Second,
		kubeconfig: plane.Kubeconfig, dir: dir,
		journal: newJournal(t, filepath.Join(dir, "journal")),
		live:    map[string]*replica{},
	}
	for _, c := range change {
		c(f)
	}
	if f.namespace == "" {
		f.namespace = newNamespace(t)
	}
	if f.objects == "" {
		f.objects = newNamespace(t)
		if err := sample.CreateSamples(t.Context(), plane.config, f.objects, perKind); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(f.finish)
	return f
}

func kindNames() []string {
	var names []string
	for _, kind := range sample.Kinds {
		names = append(names, kind.String())
	}
	return names
}

func newNamespace(t *testing.T) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "e2e-"}}
	made, err := plane.client.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return made.Name
}

// start starts replicas at once.
func (f *fleet) start(names ...string) {
	f.t.Helper()
	for _, name := range names {
		f.launch(name, nil)
	}
}

// launch starts one replica with further flags.
func (f *fleet) launch(name string, env []string, flags ...string) *replica {
	f.t.Helper()
	args := append([]string{
		"--kubeconfig=" + f.kubeconfig, "--leader-elect-resource-name=" + f.component, "--pod-name=" + name,
		"--pod-namespace=" + f.namespace, "--watch-namespace=" + f.objects,
		"--journal=" + f.journal.path, "--health-bind-address=0",
		"--leader-elect-lease-duration=" + f.timing.LeaseDuration.String(),
		"--leader-elect-renew-deadline=" + f.timing.RenewDeadline.String(),
		"--leader-elect-retry-period=" + f.timing.RetryPeriod.String(),
		"--rebalance-delay=" + f.rebalance.String(),
	}, flags...)
	r := launch(f.t, name, filepath.Join(f.dir, name+".log"), slices.Concat(env, f.env), args, func(r *replica) {
		f.journal.write(line{Event: "exit", Replica: r.name, PID: r.pid, Code: r.code})
	})
	f.live[name] = r
	f.launched = append(f.launched, r)
	return r
}

// take removes replicas from those that should live.
func (f *fleet) take(names []string) []*replica {
	f.t.Helper()
	var taken []*replica
	for _, name := range names {
		r := f.live[name]
		if r == nil {
			f.t.Fatalf("there is no replica %s", name)
		}
		delete(f.live, name)
		taken = append(taken, r)
	}
	return taken
}

// stop asks replicas to stop, all at once, and waits until they have.
func (f *fleet) stop(names ...string) {
	f.t.Helper()
	replicas := f.take(names)
	for _, r := range replicas {
		r.signal(syscall.SIGTERM)
	}
	for _, r := range replicas {
		if code := r.wait(); code != 0 {
			f.t.Errorf("%s ended with exit code %d after SIGTERM", r.name, code)
		}
	}
}

// kill ends a replica as a crash does.
func (f *fleet) kill(name string) {
	f.t.Helper()
	r := f.take([]string{name})[0]
	r.signal(syscall.SIGKILL)
	r.wait()
}

// exits waits until a replica ends by itself.
func (f *fleet) exits(name string, code int) {
	f.t.Helper()
	r := f.take([]string{name})[0]
	if got := r.wait(); got != code {
		f.t.Errorf("%s ended with exit code %d, want %d", name, got, code)
	}
}

// names returns the replicas that should live.
func (f *fleet) names() []string { return slices.Sorted(maps.Keys(f.live)) }

// finish ends what lives and checks the journal, and what must never be in a log.
func (f *fleet) finish() {
	if f.finished {
		return
	}
	f.finished = true
	f.stop(f.names()...)
	for _, r := range f.launched { // what a failed test has left
		r.signal(syscall.SIGKILL)
		r.wait()
	}
	f.journal.now()
	logs, err := filepath.Glob(filepath.Join(f.dir, "*.log"))
	if err != nil {
		f.t.Error(err)
	}
	for _, path := range logs {
		log := readLog(f.t, path)
		for _, bad := range []string{"WARNING: DATA RACE", "panic:"} {
			if strings.Contains(log, bad) {
				f.t.Errorf("%s says %q:\n%s", filepath.Base(path), bad, log)
			}
		}
		if f.t.Failed() {
			f.t.Logf("the end of %s:\n%s", filepath.Base(path), lastLines(log, 40))
		}
	}
	if f.t.Failed() {
		text, _ := os.ReadFile(f.journal.path) // it need not exist
		f.t.Logf("the journal:\n%s", text)
	}
}

// within polls until check returns nil, and fails the test when it does not in
// time.
func within(t *testing.T, limit time.Duration, what string, check func(ctx context.Context) error) {
	t.Helper()
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	for tick := time.NewTicker(30 * time.Millisecond); ; {
		err := check(ctx)
		if err == nil {
			tick.Stop()
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: not within %v: %v", what, time.Since(began).Round(time.Millisecond), err)
		}
	}
}

// names returns n names of replicas.
func names(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("op-%d", i))
	}
	return all
}
