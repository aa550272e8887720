package coordinator_test

import (
	"context"
	"fmt"
	"log"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// One replica on a Lease API in memory. It is alone, so it owns both kinds until
// it leaves. In a cluster the only difference is New with a rest.Config instead
// of NewWithLeases; docs/examples/minimal is that program.
func Example() {
	kind := func(name string) coordinator.Kind {
		work := func(ctx context.Context, term lease.Term) error {
			<-ctx.Done() // reconcile until told to stop; return when nothing of it runs any more
			return nil
		}
		groupKind := schema.GroupKind{Group: "sample.kindred.dev", Kind: name}
		return coordinator.Kind{GroupKind: groupKind, Reconciler: coordinator.ReconcilerFunc(work)}
	}
	database, queue, quiet := kind("Database"), kind("Queue"), logr.Discard()
	options := coordinator.Options{Component: "widget-operator", Namespace: "default", PodName: "pod-1", Logger: &quiet}
	c, err := coordinator.NewWithLeases(leaseapi.New().Client(nil), options, database, queue)
	if err != nil {
		log.Fatal(err)
	}
	ctx, leave := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- c.Run(ctx) }()

	for _, k := range []coordinator.Kind{database, queue} {
		<-c.Elected(k.GroupKind)
		term, owned := c.Term(k.GroupKind)
		fmt.Println(term.Lease, "owned:", owned, "by", lease.PodName(term.Holder))
	}
	leave()
	fmt.Println("left:", <-done)

	// Output:
	// widget-operator.database.sample.kindred.dev owned: true by pod-1
	// widget-operator.queue.sample.kindred.dev owned: true by pod-1
	// left: <nil>
}

// Work that needs no lock runs on every replica, before Run and beside it: here
// everyone serves, and only the owner writes.
func ExampleCoordinator_Elected() {
	widgets := schema.GroupKind{Group: "example.com", Kind: "Widget"}
	writes := coordinator.ReconcilerFunc(func(ctx context.Context, _ lease.Term) error {
		fmt.Println("writing")
		<-ctx.Done()
		fmt.Println("not writing:", context.Cause(ctx).(*coordinator.TermOverError).Reason)
		return nil
	})
	quiet := logr.Discard()
	c, err := coordinator.NewWithLeases(leaseapi.New().Client(nil),
		coordinator.Options{Component: "widget-operator", Namespace: "default", Logger: &quiet},
		coordinator.Kind{GroupKind: widgets, Reconciler: writes})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("serving") // webhooks, health checks, caches: they wait for nothing
	_, owned := c.Term(widgets)
	fmt.Println("owner:", owned)

	ctx, leave := context.WithCancel(context.Background())
	go func() {
		<-c.Elected(widgets) // open until this replica is elected
		leave()
	}()
	if err := c.Run(ctx); err != nil {
		log.Fatal(err)
	}

	// Output:
	// serving
	// owner: false
	// writing
	// not writing: the replica is leaving
}
