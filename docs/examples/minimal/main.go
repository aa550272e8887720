// Command minimal is the program in the README: two kinds, shared among all the
// replicas that run it.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	config, err := rest.InClusterConfig()
	if err != nil {
		log.Fatal(err)
	}
	options := coordinator.Options{Component: "widget-operator", Namespace: os.Getenv("POD_NAMESPACE")}
	c, err := coordinator.New(config, options, kind("Database"), kind("Queue"))
	if err != nil {
		log.Fatal(err)
	}
	if err := c.Run(ctx); err != nil { // returns when every kind has been handed over
		log.Fatal(err)
	}
}

func kind(name string) coordinator.Kind {
	work := func(ctx context.Context, term lease.Term) error {
		log.Printf("%s is mine, term %s", name, term.Token())
		<-ctx.Done() // reconcile until told to stop; return when nothing of it runs any more
		return nil
	}
	groupKind := schema.GroupKind{Group: "sample.kindred.dev", Kind: name}
	return coordinator.Kind{GroupKind: groupKind, Reconciler: coordinator.ReconcilerFunc(work)}
}
