package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"knative.dev/pkg/apis/test/example/v1alpha1"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// fleet is the replicas of one controller in one namespace, with its ConfigMap.
type fleet struct {
	t         *testing.T
	namespace string
	dir       string
	work      time.Duration
	// stopped are the replicas that were told to stop, and when.
	stopped map[string]time.Time
}

// newFleet makes a namespace with Foos and the ConfigMap, which more changes.
func newFleet(t *testing.T, more map[string]string) *fleet {
	f := &fleet{t: t, namespace: newNamespace(t), dir: t.TempDir(), work: 20 * time.Millisecond, stopped: map[string]time.Time{}}
	data := map[string]string{"lease-duration": "5s", "renew-deadline": "3s", "retry-period": "1s"}
	for key, value := range more {
		data[key] = value
	}
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "config-leader-election"}, Data: data}
	if _, err := plane.client.CoreV1().ConfigMaps(f.namespace).Create(t.Context(), config, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		object := &v1alpha1.Foo{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if _, err := plane.foos.ExampleV1alpha1().Foos(f.namespace).Create(t.Context(), object, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(f.journal(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

// names are the Foos.
var names = []string{"a", "b", "c", "d", "e", "f", "g", "h"}

func (f *fleet) journal() string         { return filepath.Join(f.dir, "journal") }
func (f *fleet) hold(name string) string { return filepath.Join(f.dir, "hold-"+name) }

// process is one replica.
type process struct {
	f    *fleet
	name string
	cmd  *exec.Cmd
	done chan error
}

// start runs a replica with Kindred, or with Knative's electors.
func (f *fleet) start(name string, isKnative bool) *process {
	f.t.Helper()
	text, err := json.Marshal(order{Name: name, Knative: isKnative, Journal: f.journal(), Hold: f.hold(name), Work: f.work})
	if err != nil {
		f.t.Fatal(err)
	}
	return f.run(name, os.Args[0], orderEnv+"="+string(text))
}

func (f *fleet) run(name, program string, env ...string) *process {
	f.t.Helper()
	p := &process{f: f, name: name, done: make(chan error, 1)}
	log, err := os.Create(filepath.Join(f.dir, name+".log"))
	if err != nil {
		f.t.Fatal(err)
	}
	defer log.Close()
	p.cmd = exec.Command(program)
	p.cmd.Env = append(os.Environ(), "KUBECONFIG="+plane.Kubeconfig, "SYSTEM_NAMESPACE="+f.namespace, "POD_NAME="+name, "PROFILING_PORT=0")
	p.cmd.Env = append(p.cmd.Env, env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	f.t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // an error says that it has ended
		if f.t.Failed() {
			f.t.Logf("%s:\n%s", name, p.tail())
		}
	})
	return p
}

// signal asks it to stop.
func (p *process) signal() {
	p.f.t.Helper()
	p.f.stopped[p.name] = time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.f.t.Fatal(err)
	}
}

// wait demands that it ends without an error.
func (p *process) wait() {
	p.f.t.Helper()
	select {
	case err := <-p.done:
		if err != nil {
			p.f.t.Errorf("%s ended with %v", p.name, err)
		}
	case <-time.After(settleTimeout):
		p.f.t.Fatalf("%s did not end", p.name)
	}
}

func (p *process) stop() {
	p.f.t.Helper()
	p.signal()
	p.wait()
}

// tail returns the last lines of its log.
func (p *process) tail() string {
	text, err := os.ReadFile(filepath.Join(p.f.dir, p.name+".log"))
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(text, []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-30):], []byte("\n")))
}

// owners returns who holds the Leases that are not of members, by name, by Pod.
func (f *fleet) owners() map[string]string {
	f.t.Helper()
	list, err := plane.client.CoordinationV1().Leases(f.namespace).List(f.t.Context(), metav1.ListOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
	owners := map[string]string{}
	for _, l := range list.Items {
		if l.Labels[lease.LabelRole] != lease.RoleMember {
			owners[l.Name] = holder(l.Spec.HolderIdentity)
		}
	}
	return owners
}

func holder(identity *string) string {
	if identity == nil {
		return ""
	}
	return lease.PodName(*identity)
}

// touch changes every Foo, and reconciled says which has not been reconciled since, or
// by whom else.
func (f *fleet) touch(mark string) {
	f.t.Helper()
	patch := fmt.Sprintf(`{"metadata":{"annotations":{"touched":%q}}}`, mark)
	for _, name := range names {
		if _, err := plane.foos.ExampleV1alpha1().Foos(f.namespace).Patch(f.t.Context(), name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
			f.t.Fatal(err)
		}
	}
}

func (f *fleet) reconciled(mark string, by ...string) error {
	list, err := plane.foos.ExampleV1alpha1().Foos(f.namespace).List(f.t.Context(), metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, o := range list.Items {
		if got := o.Status.Annotations; got["touched"] != mark || !slices.Contains(by, got["by"]) {
			return fmt.Errorf("the status of %s is %v, want it touched at %q by one of %v", o.Name, got, mark, by)
		}
	}
	return nil
}

// entries reads the journal.
func (f *fleet) entries() []entry {
	f.t.Helper()
	text, err := os.ReadFile(f.journal())
	if err != nil {
		f.t.Fatal(err)
	}
	var all []entry
	decoder := json.NewDecoder(bytes.NewReader(text))
	for decoder.More() {
		var e entry
		if err := decoder.Decode(&e); err != nil {
			f.t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}
