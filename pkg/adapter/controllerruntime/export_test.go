package controllerruntime

import "github.com/kindred-k8s/kindred/pkg/coordinator"

// NewReconciler returns what Own gives the coordinator for a kind.
func NewReconciler(m *Manager, k Kind) coordinator.StandbyReconciler {
	return &reconciler{manager: m, kind: k}
}
