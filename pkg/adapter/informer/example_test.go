package informer_test

import (
	"context"
	"fmt"
	"log"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/kindred-k8s/kindred/pkg/adapter/informer"
	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// A controller for Deployments whose work only the owner of the kind does.
func Example() {
	config, err := rest.InClusterConfig()
	if err != nil {
		log.Fatal(err)
	}
	client := kubernetes.NewForConfigOrDie(config)
	deployments := informers.NewSharedInformerFactory(client, 0).Apps().V1().Deployments()

	runner, err := informer.New(informer.Options{
		Name:     "deployment",
		Informer: deployments.Informer(),
		Workers:  4,
		Reconcile: func(ctx context.Context, term lease.Term, key cache.ObjectName) error {
			deployment, err := deployments.Lister().Deployments(key.Namespace).Get(key.Name)
			if err != nil {
				return err
			}
			fmt.Println("reconciling", deployment.Name, "in term", term.Token())
			return nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}

	c, err := coordinator.New(config,
		coordinator.Options{Component: "my-controller", Namespace: "my-namespace"},
		coordinator.Kind{GroupKind: appsv1.SchemeGroupVersion.WithKind("Deployment").GroupKind(), Reconciler: runner},
	)
	if err != nil {
		log.Fatal(err)
	}
	if err := c.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
}
