package knative

import (
	"knative.dev/pkg/controller"
	"knative.dev/pkg/webhook"
)

// withWebhook returns o with what its reconciler is to a webhook: sharedmain looks for
// that in the Impl's reconciler, and serves it on every replica.
func withWebhook(o *owned) controller.Reconciler {
	switch c := o.inner.(type) {
	case webhook.AdmissionController:
		if stateless, ok := o.inner.(webhook.StatelessAdmissionController); ok {
			return struct {
				*owned
				webhook.AdmissionController
				webhook.StatelessAdmissionController
			}{o, c, stateless}
		}
		return struct {
			*owned
			webhook.AdmissionController
		}{o, c}
	case webhook.ConversionController:
		return struct {
			*owned
			webhook.ConversionController
		}{o, c}
	}
	return o
}
