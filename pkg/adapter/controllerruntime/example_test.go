package controllerruntime_test

import (
	"context"
	"fmt"
	"log"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	cachetesting "k8s.io/client-go/tools/cache/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/kindred-k8s/kindred/pkg/adapter/controllerruntime"
	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/fence"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// ConfigMapReconciler is a reconciler as kubebuilder makes it.
type ConfigMapReconciler struct{ leave func() }

// Reconcile is called by the owner only.
func (r *ConfigMapReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	_, owned := fence.Token(ctx)
	fmt.Println("reconciling", request.NamespacedName, "in a term:", owned)
	r.leave()
	return ctrl.Result{}, nil
}

// SetupWithManager builds the controller, as usual.
func (r *ConfigMapReconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).For(&corev1.ConfigMap{}).Complete(r)
}

// One replica, from its start to its end, with Leases and objects in memory. In a
// cluster one calls Own instead of OwnWithLeases, with options as usual;
// docs/examples/controller-runtime is that program.
func Example() {
	objects := &fakeSource{FakeControllerSource: cachetesting.NewFakeControllerSource()}
	defer objects.Shutdown()
	objects.Add(configMap("settings"))
	options := inMemory(func(_ cache.ListerWatcher, example runtime.Object, _ time.Duration, indexers cache.Indexers) cache.SharedIndexInformer {
		return cache.NewSharedIndexInformer(objects, example, 0, indexers)
	})

	ctx, leave := context.WithCancel(context.Background())
	mgr, err := controllerruntime.NewManager(&rest.Config{}, options)
	if err != nil {
		log.Fatal(err)
	}
	owned, err := mgr.OwnWithLeases(leaseapi.New().Client(nil),
		coordinator.Options{Component: "my-operator", Namespace: "default", PodName: "pod-1"},
		controllerruntime.Kind{For: &corev1.ConfigMap{}, Setup: (&ConfigMapReconciler{leave: leave}).SetupWithManager})
	if err != nil {
		log.Fatal(err)
	}
	if err := mgr.Add(manager.RunnableFunc(func(context.Context) error { return nil })); err != nil {
		fmt.Println("refused: it is in no kind, and needs leader election")
	}
	if err := mgr.Start(ctx); err != nil { // returns when every kind has been handed over
		log.Fatal(err)
	}
	_, still := owned.Term(configMaps)
	fmt.Println("owned after the end:", still)

	// Output:
	// refused: it is in no kind, and needs leader election
	// reconciling ns/settings in a term: true
	// owned after the end: false
}
