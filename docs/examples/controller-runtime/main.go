// Command controller-runtime is a kubebuilder-style controller with two kinds,
// Deployments and StatefulSets, which all the replicas that run it share.
// docs/controller-runtime.md says what is different from the usual main.go.
package main

import (
	"flag"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/kindred-k8s/kindred/pkg/adapter/controllerruntime"
	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/fence"
)

var (
	scheme   = runtime.NewScheme()
	setupLog = ctrl.Log.WithName("setup")
)

func init() {
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
}

func main() {
	metrics := flag.String("metrics-bind-address", ":8080", "The address of the metrics endpoint; 0 for none.")
	probes := flag.String("health-probe-bind-address", ":8081", "The address of the probe endpoint; 0 for none.")
	flag.Parse()
	ctrl.SetLogger(zap.New())

	config, err := fence.Wrap(ctrl.GetConfigOrDie(), fence.AllowUnfenced)
	if err != nil {
		fatal(err, "unable to guard the clients")
	}
	mgr, err := controllerruntime.NewManager(config, ctrl.Options{
		Scheme:                 scheme,
		Metrics:                server.Options{BindAddress: *metrics},
		HealthProbeBindAddress: *probes,
	})
	if err != nil {
		fatal(err, "unable to create the manager")
	}

	_, err = mgr.Own(
		coordinator.Options{
			Component:    "workload-marker",
			Namespace:    os.Getenv("POD_NAMESPACE"),
			PodName:      os.Getenv("POD_NAME"),
			PodNamespace: os.Getenv("POD_NAMESPACE"),
			PodUID:       os.Getenv("POD_UID"),
		},
		controllerruntime.Kind{
			For:   &appsv1.Deployment{},
			Setup: (&DeploymentReconciler{Client: mgr.GetClient()}).SetupWithManager,
			Warm:  []client.Object{&corev1.ConfigMap{}},
		},
		controllerruntime.Kind{
			For:   &appsv1.StatefulSet{},
			Setup: (&StatefulSetReconciler{Client: mgr.GetClient()}).SetupWithManager,
		},
	)
	if err != nil {
		fatal(err, "unable to set up the controllers")
	}
	if err := mgr.AddReadyzCheck("readyz", healthz.Ping); err != nil {
		fatal(err, "unable to set up the ready check")
	}

	setupLog.Info("starting the manager")
	if err := mgr.Start(ctrl.SetupSignalHandler()); err != nil {
		fatal(err, "problem running the manager")
	}
}

func fatal(err error, what string) {
	setupLog.Error(err, what)
	os.Exit(1)
}
