package main

import (
	"context"
	"encoding/json"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	kubeclient "knative.dev/pkg/client/injection/kube/client"
	deploymentinformer "knative.dev/pkg/client/injection/kube/informers/apps/v1/deployment"
	cronjobinformer "knative.dev/pkg/client/injection/kube/informers/batch/v1/cronjob"
	deploymentreconciler "knative.dev/pkg/client/injection/kube/reconciler/apps/v1/deployment"
	cronjobreconciler "knative.dev/pkg/client/injection/kube/reconciler/batch/v1/cronjob"
	"knative.dev/pkg/configmap"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/reconciler"

	"github.com/kindred-k8s/kindred/pkg/fence"
)

// deployments is an ordinary reconciler of Knative's: it does not know of Kindred.
type deployments struct{ client kubernetes.Interface }

func newDeploymentController(ctx context.Context, _ configmap.Watcher) *controller.Impl {
	impl := deploymentreconciler.NewImpl(ctx, &deployments{kubeclient.Get(ctx)})
	deploymentinformer.Get(ctx).Informer().AddEventHandler(controller.HandleAll(impl.Enqueue))
	return impl
}

func (r *deployments) ReconcileKind(ctx context.Context, d *appsv1.Deployment) reconciler.Event {
	patch := mark(ctx, d.Annotations)
	if patch == nil {
		return nil
	}
	_, err := r.client.AppsV1().Deployments(d.Namespace).Patch(ctx, d.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

type cronJobs struct{ client kubernetes.Interface }

func newCronJobController(ctx context.Context, _ configmap.Watcher) *controller.Impl {
	impl := cronjobreconciler.NewImpl(ctx, &cronJobs{kubeclient.Get(ctx)})
	cronjobinformer.Get(ctx).Informer().AddEventHandler(controller.HandleAll(impl.Enqueue))
	return impl
}

func (r *cronJobs) ReconcileKind(ctx context.Context, c *batchv1.CronJob) reconciler.Event {
	patch := mark(ctx, c.Annotations)
	if patch == nil {
		return nil
	}
	_, err := r.client.BatchV1().CronJobs(c.Namespace).Patch(ctx, c.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

// annotation has the token of the term of the last reconcile: the one thing here that
// is Kindred's, and only for the demonstration.
const annotation = "workload-marker.kindred.dev/term"

// mark returns the patch that marks an object; nil when it is marked.
func mark(ctx context.Context, annotations map[string]string) []byte {
	term, _ := fence.Token(ctx)
	if annotations[annotation] == term {
		return nil
	}
	patch, _ := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{annotation: term}}})
	return patch
}
