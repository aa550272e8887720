package flags

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// container is what a process finds where it runs.
type container struct {
	env  map[string]string
	file string // what the service account's file says
	err  error  // of reading it
}

var pod = container{env: map[string]string{
	PodName: "op-0", PodNamespace: "system", PodUID: "1234", PodContainer: "manager", PodRevision: "5d4f",
}}

// parse reads a command line as a program does.
func (c container) parse(args ...string) (coordinator.Options, error) {
	set := pflag.NewFlagSet("op", pflag.ContinueOnError)
	f := Bind(set, "op", func(name string) string { return c.env[name] })
	f.readFile = func(path string) ([]byte, error) {
		switch {
		case path != namespaceFile:
			return nil, errors.New("another file was read: " + path)
		case c.err != nil:
			return nil, c.err
		case c.file == "":
			return nil, fs.ErrNotExist
		}
		return []byte(c.file), nil
	}
	if err := set.Parse(args); err != nil {
		return coordinator.Options{}, err
	}
	return f.Options()
}

func TestDefaults(t *testing.T) {
	got, err := pod.parse()
	if err != nil {
		t.Fatal(err)
	}
	want := coordinator.Options{
		Component: "op", Namespace: "system", PodName: "op-0", PodNamespace: "system", PodUID: "1234", Container: "manager", Revision: "5d4f",
		Timing: lease.Timing{}.WithDefaults(), Capacity: 1, RebalanceDelay: coordinator.DefaultRebalanceDelay, DrainTimeout: coordinator.DefaultDrainTimeout,
	}
	if !equal(got, want) {
		t.Errorf("the options are %+v, want %+v", got, want)
	}
	if got.Pods != nil {
		t.Error("Pods are not watched in the coordinator's own way")
	}
}

// equal compares what can be compared.
func equal(a, b coordinator.Options) bool {
	type settings struct {
		strings  [8]string
		timing   lease.Timing
		numbers  [3]int64
		delays   [2]time.Duration
		switches [2]bool
	}
	of := func(o coordinator.Options) settings {
		return settings{
			[8]string{o.Component, o.Namespace, o.OldLock, o.PodName, o.PodNamespace, o.PodUID, o.Container, o.Revision},
			o.Timing, [3]int64{o.Capacity, int64(o.MaxHandovers), int64(o.Stuck)},
			[2]time.Duration{o.RebalanceDelay, o.DrainTimeout}, [2]bool{o.LearnWeights, o.DeletionCost},
		}
	}
	return of(a) == of(b)
}

func TestEveryFlag(t *testing.T) {
	got, err := pod.parse("--leader-elect=true", "--leader-elect-resource-lock=leases", "--leader-elect-resource-name=a", "--leader-elect-resource-namespace=b",
		"--leader-elect-lease-duration=4s", "--leader-elect-renew-deadline=3s", "--leader-elect-retry-period=1s", "--leader-elect-old-lock=c.example.com",
		"--pod-name=d", "--pod-namespace=e", "--revision=f", "--watch-pods=false", "--pod-deletion-cost",
		"--capacity=7", "--learn-weights", "--rebalance-delay=5s", "--drain-timeout=6s", "--max-handovers=8")
	if err != nil {
		t.Fatal(err)
	}
	want := coordinator.Options{
		Component: "a", Namespace: "b", OldLock: "c.example.com", PodName: "d", PodNamespace: "e", PodUID: "1234", Container: "manager", Revision: "f",
		Timing:   lease.Timing{LeaseDuration: 4 * time.Second, RenewDeadline: 3 * time.Second, RetryPeriod: time.Second},
		Capacity: 7, LearnWeights: true, RebalanceDelay: 5 * time.Second, DrainTimeout: 6 * time.Second, MaxHandovers: 8, DeletionCost: true,
	}
	if !equal(got, want) {
		t.Errorf("the options are %+v, want %+v", got, want)
	}
	if got.Pods != coordinator.NoPods {
		t.Error("Pods are watched in spite of --watch-pods=false")
	}
}

func TestLeasesInAnotherCluster(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kubeconfig")
	text := "apiVersion: v1\nkind: Config\nclusters: [{name: a, cluster: {server: 'https://leases.example.com'}}]\ncontexts: [{name: a, context: {cluster: a}}]\ncurrent-context: a\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := pod.parse("--leader-elect-kubeconfig=" + path)
	if err != nil || o.LeaseConfig == nil || o.LeaseConfig.Host != "https://leases.example.com" {
		t.Errorf("the Leases are at %+v (%v)", o.LeaseConfig, err)
	}
}

func TestPrecedence(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		in                         container
		args                       []string
		name, podNamespace, leases string
	}{
		"flag over environment":    {pod, []string{"--pod-name=x", "--pod-namespace=y", "--leader-elect-resource-namespace=z"}, "x", "y", "z"},
		"the Pod's for the Leases": {pod, []string{"--pod-namespace=y"}, "op-0", "y", "y"},
		"a lock that is empty":     {pod, []string{"--leader-elect-resource-lock="}, "op-0", "system", "system"},
		"environment over file":    {container{env: pod.env, file: "file"}, nil, "op-0", "system", "system"},
		"file over default":        {container{file: "file\n"}, nil, host, "file", "file"},
		"a file that is not asked": {container{env: pod.env, err: fs.ErrPermission}, nil, "op-0", "system", "system"},
		"Leases somewhere else":    {container{}, []string{"--leader-elect-resource-namespace=z"}, host, "", "z"},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := test.in.parse(test.args...)
			if err != nil {
				t.Fatal(err)
			}
			if o.PodName != test.name || o.PodNamespace != test.podNamespace || o.Namespace != test.leases {
				t.Errorf("the Pod is %s/%s and the Leases in %s, want %s/%s and %s", o.PodNamespace, o.PodName, o.Namespace, test.podNamespace, test.name, test.leases)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	for name, test := range map[string]struct {
		in   container
		args []string
		want []string
	}{
		"everything at once": {container{}, []string{"--leader-elect=false", "--leader-elect-resource-lock=endpointsleases", "--leader-elect-resource-name=A.b", "--leader-elect-lease-duration=1500ms",
			"--leader-elect-old-lock=A_b", "--pod-namespace=A.b", "--pod-deletion-cost", "--watch-pods", "--capacity=0", "--rebalance-delay=0s", "--drain-timeout=-1s", "--max-handovers=-1"},
			[]string{"--leader-elect is false", `--leader-elect-resource-lock is "endpointsleases"`, "--leader-elect-resource-name: ", "must be whole seconds", "--leader-elect-old-lock is \"A_b\"", "the Pod's namespace",
				"--pod-deletion-cost needs the Pod's UID", "--watch-pods needs the Pod's UID", "--capacity is 0", "--rebalance-delay is 0s", "--drain-timeout is -1s", "--max-handovers is -1"}},
		"no namespace":                   {container{}, nil, []string{"--leader-elect-resource-namespace", PodNamespace, "metadata.namespace"}},
		"a file that cannot be read":     {container{err: fs.ErrPermission}, nil, []string{"permission", "--pod-namespace", PodNamespace}},
		"a namespace that is none":       {container{file: "no namespace"}, nil, []string{`"no namespace"`}},
		"the Leases in no namespace":     {pod, []string{"--leader-elect-resource-namespace=A.b"}, []string{"--leader-elect-resource-namespace is \"A.b\""}},
		"a container without its Pod":    {container{env: map[string]string{PodNamespace: "a", PodContainer: "c"}}, nil, []string{PodContainer + " needs", PodUID}},
		"a Pod without its namespace":    {container{env: map[string]string{PodUID: "1"}}, []string{"--leader-elect-resource-namespace=b"}, []string{PodUID + " is set", PodNamespace}},
		"an old lock in another cluster": {pod, []string{"--leader-elect-old-lock=a", "--leader-elect-kubeconfig=b"}, []string{"--leader-elect-old-lock and --leader-elect-kubeconfig"}},
		"a kubeconfig that is not there": {pod, []string{"--leader-elect-kubeconfig=/nowhere"}, []string{"--leader-elect-kubeconfig", "/nowhere"}},
		"a renew deadline that is late":  {pod, []string{"--leader-elect-renew-deadline=15s"}, []string{"--leader-elect-renew-deadline", "renewDeadline is 15s"}},
		"a retry period that is refused": {pod, []string{"--leader-elect-retry-period=10s"}, []string{"retryPeriod (10s)"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := test.in.parse(test.args...)
			if err == nil {
				t.Fatal("it was taken")
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error does not say %q:\n%v", part, err)
				}
			}
		})
	}
}

// FuzzOptions: what is accepted here, the coordinator accepts.
func FuzzOptions(f *testing.F) {
	f.Add("--leader-elect-resource-name=a", "pod", "space", "uid", "manager", "file")
	f.Add("--leader-elect-lease-duration=4s --leader-elect-renew-deadline=3s --leader-elect-retry-period=1s", "", "", "", "", "file")
	f.Add("--leader-elect-lease-duration=2562047h47m16s --leader-elect-retry-period=2562047h47m16s", "a", "b", "c", "", "")
	f.Add("--pod-deletion-cost --watch-pods --max-handovers=-1 --capacity=9223372036854775807", "a", "B", "", "c", "")
	f.Add("--leader-elect-old-lock=op.widget.example.com", "a", "b", "", "", "")
	f.Add("--leader-elect-old-lock=op.widget.example.com.00-of-02", "a", "b", "", "", "")
	f.Add("--leader-elect=false", "", "", "", "", "A.b")
	f.Fuzz(func(t *testing.T, line, name, namespace, uid, part, file string) {
		in := container{env: map[string]string{PodName: name, PodNamespace: namespace, PodUID: uid, PodContainer: part}, file: file}
		given, err := in.parse(strings.Fields(line)...)
		if err != nil {
			return
		}
		quiet := logr.Discard()
		given.Logger = &quiet
		if whole, _, _ := lease.SplitName(given.OldLock); whole == given.Component+".widget.example.com" {
			return // the kind is this test's
		}
		kind := coordinator.Kind{GroupKind: schema.GroupKind{Group: "example.com", Kind: "Widget"}, Reconciler: coordinator.ReconcilerFunc(nil)}
		if _, err := coordinator.NewWithLeases(leaseapi.New().Client(nil), given, kind); err != nil {
			t.Errorf("%q in %+v is accepted, and refused by the coordinator: %v", line, in, err)
		}
	})
}
