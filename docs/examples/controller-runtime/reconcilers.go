package main

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kindred-k8s/kindred/pkg/fence"
)

// termAnnotation says in which term an object was reconciled for the last time.
const termAnnotation = "workload-marker.kindred.dev/term"

// DeploymentReconciler marks Deployments.
type DeploymentReconciler struct{ client.Client }

// Reconcile is called on the replica that owns Deployments.
func (r *DeploymentReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	return ctrl.Result{}, mark(ctx, r.Client, req, &appsv1.Deployment{})
}

// SetupWithManager builds the controller, as usual. It is called for each term.
func (r *DeploymentReconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		For(&appsv1.Deployment{}).
		Owns(&corev1.ConfigMap{}).
		Complete(r)
}

// StatefulSetReconciler marks StatefulSets.
type StatefulSetReconciler struct{ client.Client }

// Reconcile is called on the replica that owns StatefulSets.
func (r *StatefulSetReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	return ctrl.Result{}, mark(ctx, r.Client, req, &appsv1.StatefulSet{})
}

// SetupWithManager builds the controller, as usual. It is called for each term.
func (r *StatefulSetReconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		For(&appsv1.StatefulSet{}).
		Complete(r)
}

// mark writes the term into an object that does not have it yet.
func mark(ctx context.Context, c client.Client, req ctrl.Request, object client.Object) error {
	if err := c.Get(ctx, req.NamespacedName, object); err != nil {
		return client.IgnoreNotFound(err)
	}
	token, _ := fence.Token(ctx) // every reconcile is in a term
	if object.GetAnnotations()[termAnnotation] == token {
		return nil
	}
	before := object.DeepCopyObject().(client.Object)
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[termAnnotation] = token
	object.SetAnnotations(annotations)
	return c.Patch(ctx, object, client.MergeFrom(before))
}
