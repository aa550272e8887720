package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/clientcmd"
	"knative.dev/pkg/apis/test/example/v1alpha1"
	"knative.dev/pkg/configmap"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/injection"
	"knative.dev/pkg/injection/sharedmain"
	"knative.dev/pkg/reconciler"
	"knative.dev/pkg/signals"

	"github.com/kindred-k8s/kindred/pkg/adapter/knative"
	fooinformer "github.com/kindred-k8s/kindred/pkg/adapter/knative/e2e/generated/injection/informers/example/v1alpha1/foo"
	fooreconciler "github.com/kindred-k8s/kindred/pkg/adapter/knative/e2e/generated/injection/reconciler/example/v1alpha1/foo"
	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/fence"
)

var foo = schema.GroupKind{Group: "example.knative.dev", Kind: "Foo"}

// orderEnv makes the test program a replica, with its order as JSON.
const orderEnv = "KINDRED_TEST_KNATIVE"

// component is what sharedmain and Kindred are told.
const component = "foo-controller"

// queue is the name of the controller's work queue: generated code takes the path and
// the name of the reconciler's type.
const queue = "github.com.kindred-k8s.kindred.pkg.adapter.knative.e2e.worker"

// order says what a replica is to be.
type order struct {
	// Name is the Pod's; Knative says who elects: Knative's electors, not Kindred.
	Name    string
	Knative bool
	// Journal is a file to which every reconcile appends two lines. A reconcile lasts
	// Work, and then until there is no file Hold.
	Journal, Hold string
	Work          time.Duration
}

// runReplica is the life of a replica: a main as Knative's users have it.
func runReplica() int {
	var o order
	if err := json.Unmarshal([]byte(os.Getenv(orderEnv)), &o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if config, err = fence.Wrap(config, fence.AllowUnfenced); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx := sharedmain.WithHealthProbesDisabled(signals.NewContext()) // they all have one port
	ctx = injection.WithNamespaceScope(ctx, os.Getenv("SYSTEM_NAMESPACE"))
	if o.Knative {
		sharedmain.MainWithConfig(ctx, component, config, o.newController)
		return 0
	}
	program := knative.NewProgram(knative.Options{Options: coordinator.Options{Component: component, RebalanceDelay: time.Second}})
	if err := program.Run(ctx, func(ctx context.Context) {
		sharedmain.MainWithConfig(ctx, component, config, program.Own(coordinator.Kind{GroupKind: foo}, o.newController))
	}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func (o order) newController(ctx context.Context, _ configmap.Watcher) *controller.Impl {
	impl := fooreconciler.NewImpl(ctx, &worker{o})
	if _, err := fooinformer.Get(ctx).Informer().AddEventHandler(controller.HandleAll(impl.Enqueue)); err != nil {
		panic(err)
	}
	return impl
}

// worker is the reconciler that a Knative project would write.
type worker struct{ order }

func (w *worker) ReconcileKind(ctx context.Context, o *v1alpha1.Foo) reconciler.Event {
	token, _ := fence.Token(ctx)
	w.note(entry{Begin: true, Replica: w.Name, Knative: w.Knative, Key: o.Name, Term: token})
	defer w.note(entry{Replica: w.Name, Knative: w.Knative, Key: o.Name, Term: token})
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for began := time.Now(); time.Since(began) < w.Work || w.held(); {
		<-ticker.C // whatever becomes of ctx
	}
	if o.Status.Annotations == nil {
		o.Status.Annotations = map[string]string{}
	}
	o.Status.Annotations["by"] = w.Name
	o.Status.Annotations["touched"] = o.Annotations["touched"]
	return nil
}

func (w *worker) held() bool {
	_, err := os.Stat(w.Hold)
	return !errors.Is(err, fs.ErrNotExist)
}

// note appends a line to the journal, in one write.
func (w *worker) note(e entry) {
	e.At = time.Now()
	line, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	file, err := os.OpenFile(w.Journal, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	if _, err := file.Write(append(line, '\n')); err != nil {
		panic(err)
	}
}

// entry is a line of the journal.
type entry struct {
	At      time.Time
	Begin   bool
	Replica string
	Knative bool
	Key     string
	Term    string
}
