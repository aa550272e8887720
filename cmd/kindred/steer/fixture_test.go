package steer

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	coordinationv1 "k8s.io/api/coordination/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/kubernetes/fake"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/klog/v2"
	"k8s.io/utils/ptr"

	"go.uber.org/goleak"

	"github.com/kindred-k8s/kindred/pkg/inspect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

func TestMain(m *testing.M) {
	klog.SetLogger(logr.Discard()) // reflectors tell of errors that the tests make
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		_, _ = io.WriteString(os.Stderr, err.Error())
		code = 1
	}
	os.Exit(code)
}

// fakeLeases says that the fake does not stream lists.
type fakeLeases struct {
	coordinationclient.LeasesGetter
}

func (fakeLeases) IsWatchListSemanticsUnSupported() bool { return true }

// world is a namespace with Leases, and what a command prints.
type world struct {
	t        *testing.T
	client   *fake.Clientset
	out, err *strings.Builder
}

func newWorld(t *testing.T, leases ...*coordinationv1.Lease) *world {
	var objects []runtime.Object
	for _, l := range leases {
		objects = append(objects, l)
	}
	w := &world{t: t, client: fake.NewClientset(objects...), out: &strings.Builder{}, err: &strings.Builder{}}
	// As the API server does, and the fake does not.
	events := 0
	w.client.PrependReactor("create", "events", func(a clienttesting.Action) (bool, runtime.Object, error) {
		events++
		event := a.(clienttesting.CreateAction).GetObject().(*eventsv1.Event)
		event.Name = fmt.Sprint(event.GenerateName, events)
		return false, nil, nil
	})
	return w
}

// session is a command with its flags as they are by default, and a time limit that
// a test does not reach.
func (w *world) session(change ...func(*options)) *session {
	w.out.Reset()
	w.err.Reset()
	o := &options{
		IOStreams: genericiooptions.IOStreams{Out: w.out, ErrOut: w.err},
		name:      "kindred", dryRun: dryNone, wait: true, timeout: 30 * time.Second,
	}
	for _, c := range change {
		c(o)
	}
	return &session{
		options: o, leases: fakeLeases{w.client.CoordinationV1()}, events: w.client.EventsV1(),
		query: inspect.Query{Namespace: "ns", Component: o.component},
	}
}

func to(pod string) func(*options) { return func(o *options) { o.to = pod } }

func noWait(o *options) { o.wait = false }

// shardNamed is a kind, or a bucket: Queue/1-of-2.
func shardNamed(kind string) lease.Shard {
	shard := lease.ParseShard(kind)
	shard.Kind.Group = "example.com"
	return shard
}

// owned is the Lease of a kind, or of a bucket.
func owned(component, kind, pod string, annotations ...string) *coordinationv1.Lease {
	shard := shardNamed(kind)
	name, _ := shard.Name(component)
	now := metav1.NewMicroTime(time.Now())
	l := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{
		Namespace: "ns", Name: name, UID: types.UID("uid-" + kind), Labels: shard.Labels(component), Annotations: map[string]string{},
	}}
	for i := 0; i < len(annotations); i += 2 {
		l.Annotations[annotations[i]] = annotations[i+1]
	}
	if pod != "" {
		pod += "_1"
	}
	l.Spec = coordinationv1.LeaseSpec{HolderIdentity: &pod, LeaseDurationSeconds: ptr.To[int32](15), RenewTime: &now}
	return l
}

// member is the presence of a replica that serves the kinds, "Cache Queue".
func member(t *testing.T, component, pod, kinds string, change ...func(*lease.Member)) *coordinationv1.Lease {
	m := lease.Member{Identity: pod + "_1", Phase: lease.Ready, Capacity: 1}
	for kind := range strings.FieldsSeq(kinds) {
		m.Serves = append(m.Serves, lease.Served{Shard: shardNamed(kind).String(), Weight: 1})
	}
	for _, c := range change {
		c(&m)
	}
	text, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	l := owned(component, "Any", pod)
	l.Name, l.Labels = lease.MemberName(component, m.Identity), lease.MemberLabels(component)
	l.Annotations[lease.AnnotationMember] = text
	return l
}

// annotations are what stands on a kind's Lease of component op.
func (w *world) annotations(kind string) map[string]string {
	w.t.Helper()
	name, err := shardNamed(kind).Name("op")
	if err != nil {
		w.t.Fatal(err)
	}
	l, err := w.client.CoordinationV1().Leases("ns").Get(context.Background(), name, metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return l.Annotations
}

// notes are the Events' reasons and notes.
func (w *world) notes() []string {
	w.t.Helper()
	list, err := w.client.EventsV1().Events("ns").List(context.Background(), metav1.ListOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	var notes []string
	for _, e := range list.Items {
		notes = append(notes, e.Reason+": "+e.Note)
	}
	return notes
}

// writes are the requests that were more than reads.
func (w *world) writes() []clienttesting.Action {
	var writes []clienttesting.Action
	for _, a := range w.client.Actions() {
		if v := a.GetVerb(); v != "list" && v != "watch" && v != "get" {
			writes = append(writes, a)
		}
	}
	return writes
}
