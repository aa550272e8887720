// This program marks every Deployment and every CronJob with the term in which it was
// last reconciled. Its controllers are what Knative's generators make of a
// ReconcileKind; its replicas share the two kinds. docs/knative.md explains what makes
// it different from one with Knative's own leader election.
package main

import (
	"context"
	"log"
	"os"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"knative.dev/pkg/injection/sharedmain"
	"knative.dev/pkg/signals"

	"github.com/kindred-k8s/kindred/pkg/adapter/knative"
	"github.com/kindred-k8s/kindred/pkg/coordinator"
)

func main() {
	program := knative.NewProgram(knative.Options{Options: coordinator.Options{
		Component: component,
		PodUID:    os.Getenv("POD_UID"),
		Revision:  os.Getenv("POD_TEMPLATE_HASH"),
	}})
	err := program.Run(signals.NewContext(), func(ctx context.Context) {
		sharedmain.MainWithContext(ctx, component,
			program.Own(kind("apps", "Deployment"), newDeploymentController),
			program.Own(kind("batch", "CronJob"), newCronJobController),
		)
	})
	if err != nil {
		log.Fatal(err)
	}
}

const component = "workload-marker"

func kind(group, kind string) coordinator.Kind {
	return coordinator.Kind{GroupKind: schema.GroupKind{Group: group, Kind: kind}}
}
