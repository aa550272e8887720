package policy_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kindred-k8s/kindred/pkg/fence"
	"github.com/kindred-k8s/kindred/pkg/fence/policy"
)

var widgets = schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "widgets"}

// refusal is what the API server answers, as the tests on the real one see it.
func refusal() error {
	return apierrors.NewForbidden(widgets.GroupResource(), "a",
		errors.New("ValidatingAdmissionPolicy 'kindred-status.widgets.w.widget.example.com' with binding 'x' denied request: only the Pod"))
}

// client answers patches with the errors in turn, the last one again and again, and
// counts them.
func client(objects int, answers ...error) (*fake.FakeDynamicClient, *int) {
	var list []runtime.Object
	for i := range objects {
		object := &unstructured.Unstructured{}
		object.SetGroupVersionKind(widgets.GroupVersion().WithKind("Widget"))
		object.SetNamespace("shop")
		object.SetName(fmt.Sprint("widget-", i))
		list = append(list, object)
	}
	c := fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(),
		map[schema.GroupVersionResource]string{widgets: "WidgetList"}, list...)
	count := new(int)
	c.PrependReactor("patch", "widgets", func(action clienttesting.Action) (bool, runtime.Object, error) {
		patch := action.(clienttesting.PatchActionImpl)
		if patch.GetSubresource() != "status" || string(patch.GetPatch()) != "{}" || len(patch.PatchOptions.DryRun) != 1 {
			return true, nil, errors.New("the patch is not a dry run of nothing")
		}
		err := answers[min(*count, len(answers)-1)]
		*count++
		return true, &unstructured.Unstructured{Object: map[string]any{}}, err
	})
	return c, count
}

func TestWaitUntilSeen(t *testing.T) {
	for name, test := range map[string]struct {
		objects int
		answers []error
		tries   int
		want    string // in the error; empty for none
	}{
		"at once":               {objects: 1, answers: []error{nil}, tries: 1},
		"after refusals":        {objects: 2, answers: []error{refusal(), refusal(), nil}, tries: 3},
		"no object":             {objects: 0, tries: 0},
		"no answer":             {objects: 1, answers: []error{errors.New("connection refused"), nil}, tries: 2},
		"busy":                  {objects: 1, answers: []error{apierrors.NewTooManyRequestsError("later"), apierrors.NewInternalError(errors.New("x")), nil}, tries: 3},
		"object gone":           {objects: 1, answers: []error{apierrors.NewNotFound(widgets.GroupResource(), "widget-0"), nil}, tries: 2},
		"no right":              {objects: 1, answers: []error{apierrors.NewForbidden(widgets.GroupResource(), "a", errors.New("RBAC"))}, tries: 1, want: "let the service account list widgets and patch widgets/status"},
		"no status":             {objects: 1, answers: []error{apierrors.NewGenericServerResponse(http.StatusNotFound, "patch", widgets.GroupResource(), "a", "404 page not found", 0, true)}, tries: 1, want: "with a status subresource"},
		"no term":               {objects: 1, answers: []error{fmt.Errorf("patch: %w", fence.ErrNoTerm)}, tries: 1, want: "the context carries no term"},
		"webhook, no dry run":   {objects: 1, answers: []error{apierrors.NewBadRequest("admission webhook does not support dry run")}, tries: 1, want: "does not support dry run"},
		"another's policy":      {objects: 1, answers: []error{apierrors.NewForbidden(widgets.GroupResource(), "a", errors.New("ValidatingAdmissionPolicy 'mine' denied"))}, tries: 1, want: "'mine' denied"},
		"refused until the end": {objects: 1, answers: []error{refusal()}, tries: 10, want: "only the Pod"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				c, tries := client(test.objects, test.answers...)
				err := policy.WaitUntilSeen(ctx, c, widgets, "")
				if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
					t.Errorf("got %v, want %q", err, test.want)
				}
				if *tries != test.tries {
					t.Errorf("%d tries, want %d", *tries, test.tries)
				}
				if ended := name == "refused until the end"; ended != errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v: is it the deadline?", err)
				}
			})
		})
	}
}

func TestIsRefused(t *testing.T) {
	for want, errs := range map[bool][]error{
		true:  {refusal(), fmt.Errorf("status of a: %w", refusal())},
		false: {nil, errors.New("ValidatingAdmissionPolicy 'kindred-x'"), apierrors.NewForbidden(widgets.GroupResource(), "a", errors.New("RBAC"))},
	} {
		for _, err := range errs {
			if policy.IsRefused(err) != want {
				t.Errorf("IsRefused(%v) is not %v", err, want)
			}
		}
	}
}
