// Command client-go is a controller with client-go's informers and work queues alone,
// that shares its two kinds among the replicas that run it. docs/client-go.md has the
// way there from one lock.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"

	"github.com/kindred-k8s/kindred/pkg/adapter/informer"
	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/fence"
	"github.com/kindred-k8s/kindred/pkg/flags"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	kubeconfig := pflag.String("kubeconfig", "", "how to reach the API server; without it, as a Pod of its cluster")
	election := flags.Bind(pflag.CommandLine, "workload-marker", os.Getenv)
	pflag.Parse()
	if err := run(ctx, *kubeconfig, election); err != nil {
		klog.ErrorS(err, "The controller has ended")
		klog.FlushAndExit(klog.ExitFlushTimeout, 1)
	}
}

func run(ctx context.Context, kubeconfig string, election *flags.Flags) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	guarded, err := fence.Wrap(config, fence.RefuseUnfenced)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(guarded)
	if err != nil {
		return err
	}
	apps := informers.NewSharedInformerFactory(client, 0).Apps().V1()
	c := controller{client: client, deployments: apps.Deployments().Lister(), statefulSets: apps.StatefulSets().Lister()}

	options, err := election.Options()
	if err != nil {
		return err
	}
	deployments, err := kind("Deployment", apps.Deployments().Informer(), c.reconcileDeployment)
	if err != nil {
		return err
	}
	statefulSets, err := kind("StatefulSet", apps.StatefulSets().Informer(), c.reconcileStatefulSet)
	if err != nil {
		return err
	}
	replica, err := coordinator.New(config, options, deployments, statefulSets)
	if err != nil {
		return err
	}
	return replica.Run(ctx)
}

func kind(name string, objects cache.SharedIndexInformer, reconcile reconcileFunc) (coordinator.Kind, error) {
	runner, err := informer.New(informer.Options{Name: name, Informer: objects, Workers: 2, Reconcile: reconcile})
	return coordinator.Kind{GroupKind: appsv1.SchemeGroupVersion.WithKind(name).GroupKind(), Reconciler: runner}, err
}
