package e2e

import (
	"context"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/adapter/controllerruntime"
	"github.com/kindred-k8s/kindred/pkg/coordinator"
)

// TestMetadataOnly: a kind whose controller watches metadata has one informer, for
// the standby and for the term.
func TestMetadataOnly(t *testing.T) {
	f := newFleet(t)
	r := f.newReplica("one")
	setup := func(mgr manager.Manager) error {
		return ctrl.NewControllerManagedBy(mgr).For(object(database), builder.OnlyMetadata).
			Complete(reconcile.Func(func(_ context.Context, request reconcile.Request) (reconcile.Result, error) {
				f.reconciled(database, r.name, request.Name)
				return reconcile.Result{}, nil
			}))
	}
	metadata := &metav1.PartialObjectMetadata{}
	metadata.SetGroupVersionKind(database.WithVersion(sample.Version))
	var err error
	r.Coordinator, err = r.Own(coordinator.Options{Component: "op", Namespace: f.namespace, PodName: r.name, Timing: short},
		controllerruntime.Kind{For: metadata, Setup: setup})
	if err != nil {
		t.Fatal(err)
	}
	r.start()
	within(t, settleTimeout, "every object is reconciled", func() error { return f.all("one", database, time.Time{}, "one", database) })
	if n := r.lists.of("databases"); n != 1 {
		t.Errorf("databases were listed %d times, want once", n)
	}
}
