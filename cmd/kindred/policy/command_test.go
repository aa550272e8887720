package policy

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

var update = flag.Bool("update", false, "write config/policy anew")

// run runs the command without a cluster.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	t.Setenv("KUBECONFIG", "/dev/null")
	t.Setenv("HOME", t.TempDir())
	streams, _, out, _ := genericiooptions.NewTestIOStreams()
	command := NewCommand("kindred", streams)
	command.SilenceUsage, command.SilenceErrors = true, true
	command.SetArgs(args)
	err := command.ExecuteContext(t.Context())
	return out.String(), err
}

var widget = []string{"--component=widget-operator", "-n", "widgets", "--service-account=robot", "--kinds=Widget.example.com=widgets"}

// TestConfigPolicy: config/policy is what the command prints for the sample operator.
func TestConfigPolicy(t *testing.T) {
	const path = "../../../config/policy/sample-operator.yaml"
	got, err := run(t, "--component=sample-operator", "--namespace=kindred-sample", "--service-account=sample-operator",
		"--kinds=Database.sample.kindred.dev=databases,Queue.sample.kindred.dev=queues,Topic.sample.kindred.dev=topics,Cache.sample.kindred.dev=caches,Bucket.sample.kindred.dev=buckets")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("run go test with -update if this is meant (-want +got):\n%s", diff)
	}
}

func TestJSONIsAList(t *testing.T) {
	out, err := run(t, append(widget, "-o", "json", "--children=deployments.apps,services")...)
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Kind  string
		Items []struct {
			Kind     string
			Metadata struct{ Name string }
		}
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, item := range list.Items {
		got = append(got, item.Kind+" "+item.Metadata.Name)
	}
	const status, children = "kindred-status.widgets.widget-operator.widget.example.com", "kindred-children.widgets.widget-operator.widget.example.com"
	want := []string{
		"ValidatingAdmissionPolicy kindred-lease-watch", "ValidatingAdmissionPolicyBinding kindred-lease-watch",
		"ValidatingAdmissionPolicy " + status, "ValidatingAdmissionPolicyBinding " + status,
		"ValidatingAdmissionPolicy " + children, "ValidatingAdmissionPolicyBinding " + children,
	}
	if diff := cmp.Diff(want, got); diff != "" || list.Kind != "List" {
		t.Errorf("a %s (-want +got):\n%s", list.Kind, diff)
	}
}

func TestWithoutLease(t *testing.T) {
	for want, args := range map[string][]string{
		"Deny":       nil,
		"Allow":      {"--refuse-without-lease="},
		"Allow,Deny": {"--fence=spec,finalizers", "--refuse-without-lease=finalizers"},
		"Deny,Allow": {"--fence=status,spec"},
	} {
		out, err := run(t, append(widget, args...)...)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for line := range strings.Lines(out) {
			if _, action, found := strings.Cut(line, "parameterNotFoundAction: "); found {
				got = append(got, strings.TrimSpace(action))
			}
		}
		if strings.Join(got, ",") != want {
			t.Errorf("%v: %v, want %s", args, got, want)
		}
	}
}

func TestServiceAccountMayBeElsewhere(t *testing.T) {
	for want, account := range map[string]string{"widgets:robot": "robot", "factory:robot": "factory/robot"} {
		out, err := run(t, append(widget, "--service-account="+account)...)
		if err != nil || !strings.Contains(out, "'system:serviceaccount:"+want+"'") {
			t.Errorf("%s: %v:\n%s", account, err, out)
		}
	}
}

func TestWhatIsWrongIsTold(t *testing.T) {
	for _, test := range []struct {
		args  []string
		wants []string
	}{
		{[]string{"-o", "table"}, []string{"--output is", "--namespace is empty", "--component is empty", "--service-account is empty"}},
		{append(widget, "--kinds=.x,Y="), []string{`--kinds has ".x"`, `--kinds has "Y="`}},
		{append(widget, "--kinds=Widget.example.com/1-of-4=widgets"), []string{`--kinds has "Widget.example.com/1-of-4=widgets", a bucket`}},
		{append(widget, "--fence=children"), []string{"but which: name their resources"}},
		{append(widget, "--fence=everything"), []string{`"everything" is nothing that can be fenced`}},
		{append(widget, "--service-account=a/b/c"), []string{`name of the service account "b/c"`}},
		{append(widget, "--kinds=Gadget.example.com", "--server=http://127.0.0.1:1"), []string{"Gadget.example.com"}},
		{[]string{"--component=c", "-n", "n", "--service-account=s", "--server=http://127.0.0.1:1"}, []string{`list Leases in namespace "n"`}},
	} {
		out, err := run(t, test.args...)
		for _, want := range test.wants {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v: no %q in: %v", test.args, want, err)
			}
		}
		if out != "" {
			t.Errorf("%v: it printed something all the same:\n%s", test.args, out)
		}
	}
}
