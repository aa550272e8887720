package knative

import (
	"context"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	apixv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"knative.dev/pkg/webhook"
)

type admission struct{ *work }

func (admission) Path() string { return "/admit" }
func (admission) Admit(context.Context, *admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse {
	return &admissionv1.AdmissionResponse{Allowed: true}
}

type stateless struct{ admission }

func (stateless) ThisTypeDoesNotDependOnInformerState() {}

type conversion struct{ *work }

func (conversion) Path() string { return "/convert" }
func (conversion) Convert(context.Context, *apixv1.ConversionRequest) *apixv1.ConversionResponse {
	return nil
}

// TestWebhooksAreFound: sharedmain looks in an Impl's reconciler for what it is to serve
// as a webhook.
func TestWebhooksAreFound(t *testing.T) {
	w := newWork(t, "one")
	plain, admits, at := newImpl(t, w), newImpl(t, admission{w}), newImpl(t, stateless{admission{w}})
	converts := newImpl(t, conversion{w})
	if _, err := NewReconciler(plain, admits, at, converts); err != nil {
		t.Fatal(err)
	}
	if _, ok := plain.Reconciler.(webhook.AdmissionController); ok {
		t.Error("a plain reconciler is a webhook now")
	}
	if c, ok := admits.Reconciler.(webhook.AdmissionController); !ok || c.Path() != "/admit" || !c.Admit(t.Context(), nil).Allowed {
		t.Error("an admission webhook is none any more")
	}
	if _, ok := admits.Reconciler.(webhook.StatelessAdmissionController); ok {
		t.Error("a webhook that waits for its caches does not any more")
	}
	if _, ok := at.Reconciler.(webhook.StatelessAdmissionController); !ok {
		t.Error("a webhook that needs no caches waits for them now")
	}
	if c, ok := converts.Reconciler.(webhook.ConversionController); !ok || c.Path() != "/convert" {
		t.Error("a conversion webhook is none any more")
	}
}

func TestNewReconcilerErrors(t *testing.T) {
	if _, err := NewReconciler(); err == nil {
		t.Error("no controller is no error")
	}
	_, err := NewReconciler(nil, newImpl(t, &unaware{}))
	if err == nil || !strings.Contains(err.Error(), "a controller is nil") || !strings.Contains(err.Error(), "*knative.unaware") {
		t.Errorf("the error is %v", err)
	}
}
