package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/coordinator"
)

// parse reads flags as the program does.
func parse(t *testing.T, env map[string]string, args ...string) (options, error) {
	t.Helper()
	var o options
	flags := pflag.NewFlagSet("sample-operator", pflag.ContinueOnError)
	o.bind(flags, func(name string) string { return env[name] })
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return o, o.complete()
}

var pod = map[string]string{"POD_NAME": "operator-0", "POD_NAMESPACE": "system", "POD_UID": "1234"}

func TestDefaultsComeFromThePod(t *testing.T) {
	o, err := parse(t, pod)
	if err != nil {
		t.Fatal(err)
	}
	if o.replica != (replicaOptions{namespace: "system", name: "operator-0", uid: "1234", watchPods: true}) {
		t.Errorf("the replica is %+v", o.replica)
	}
	if o.election.namespace != "system" {
		t.Errorf("the Leases are in %q, want the Pod's namespace", o.election.namespace)
	}
	if !slices.Equal(o.work.kinds, sample.Kinds) {
		t.Errorf("the kinds are %v, want all", o.work.kinds)
	}
	if o.work.namespace != "" || o.work.workers != 1 || o.work.duration != 0 || o.work.journal != "" || len(o.work.ignoreCancel) != 0 {
		t.Errorf("the work is %+v", o.work)
	}
}

func TestFlagsReachTheCoordinator(t *testing.T) {
	o, err := parse(t, pod, "--name=a", "--namespace=b", "--leader-elect-resource-namespace=c", "--component=d",
		"--leader-elect-lease-duration=4s", "--leader-elect-renew-deadline=3s", "--leader-elect-retry-period=1s",
		"--rebalance-delay=5s", "--drain-timeout=6s", "--capacity=7")
	if err != nil {
		t.Fatal(err)
	}
	got := o.coordinator()
	if got.PodName != "a" || got.PodNamespace != "b" || got.Namespace != "c" || got.Component != "d" || got.PodUID != "1234" || got.Capacity != 7 {
		t.Errorf("the coordinator gets %+v", got)
	}
	for what, d := range map[string]struct{ got, want any }{
		"leaseDuration":  {got.Timing.LeaseDuration.String(), "4s"},
		"renewDeadline":  {got.Timing.RenewDeadline.String(), "3s"},
		"retryPeriod":    {got.Timing.RetryPeriod.String(), "1s"},
		"rebalanceDelay": {got.RebalanceDelay.String(), "5s"},
		"drainTimeout":   {got.DrainTimeout.String(), "6s"},
		"stuck":          {got.Stuck, coordinator.ExitProcess},
	} {
		if d.got != d.want {
			t.Errorf("%s is %v, want %v", what, d.got, d.want)
		}
	}
}

func TestKindsAndWeights(t *testing.T) {
	o, err := parse(t, pod, "--kinds=queue,Database.sample.kindred.dev", "--weights=Queue=3", "--buckets=database=4", "--ignore-cancel=database")
	if err != nil {
		t.Fatal(err)
	}
	queue, database := schema.GroupKind{Group: sample.Group, Kind: "Queue"}, schema.GroupKind{Group: sample.Group, Kind: "Database"}
	if !slices.Equal(o.work.kinds, []schema.GroupKind{queue, database}) {
		t.Errorf("the kinds are %v", o.work.kinds)
	}
	if !slices.Equal(o.work.ignoreCancel, []schema.GroupKind{database}) {
		t.Errorf("those that ignore their context are %v", o.work.ignoreCancel)
	}
	if len(o.election.weights) != 1 || o.election.weights[queue] != 3 {
		t.Errorf("the weights are %v", o.election.weights)
	}
	if len(o.election.buckets) != 1 || o.election.buckets[database] != 4 {
		t.Errorf("the buckets are %v", o.election.buckets)
	}
}

func TestEverythingWrongIsReportedAtOnce(t *testing.T) {
	_, err := parse(t, nil, "--component=Not.A.Label", "--leader-elect-lease-duration=1500ms", "--rebalance-delay=0s", "--drain-timeout=-1s",
		"--capacity=0", "--kinds=Database,database,Planet", "--weights=Queue=2,Database=0", "--buckets=Queue=2,Database=101", "--workers=0", "--work-duration=-1s",
		"--ignore-cancel=Topic", "--health-bind-address=")
	if err == nil {
		t.Fatal("flags that are all wrong were taken")
	}
	for _, part := range []string{
		"--namespace is empty", "--component: ", "must be whole seconds", "--rebalance-delay is 0s", "--drain-timeout is -1s", "--capacity is 0",
		`--kinds names "Planet": use Database, Queue`, "--kinds names Database twice", `--weights names "Queue": use Database`,
		`--buckets names "Queue": use Database`, "--buckets gives Database 101 buckets",
		"--weights gives Database the weight 0", "--workers is 0", "--work-duration is -1s", `--ignore-cancel names "Topic"`, "--health-bind-address is empty",
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %q", part)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
	if _, err := parse(t, pod, "--kinds="); err == nil || !strings.Contains(err.Error(), "--kinds is empty") {
		t.Errorf("no kinds: %v", err)
	}
}
