package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/kindred-k8s/kindred/pkg/fence"
)

// TestFencedClient: with the rest.Config of the manager wrapped, in one line, the
// context of Reconcile is a right to write during the term and none afterwards.
func TestFencedClient(t *testing.T) {
	fenced := func(config *rest.Config, _ *manager.Options) {
		wrapped, err := fence.Wrap(config, fence.AllowUnfenced)
		if err != nil {
			t.Fatal(err)
		}
		*config = *wrapped
	}
	// Only the manager's client, so that a lost context shows and Events still go.
	strict := func(_ *rest.Config, o *manager.Options) {
		o.NewClient = func(config *rest.Config, options client.Options) (client.Client, error) {
			wrapped, err := fence.Wrap(config, fence.RefuseUnfenced)
			if err != nil {
				return nil, err
			}
			options.HTTPClient = nil // the one that the manager shares is not guarded
			return client.New(wrapped, options)
		}
	}
	for name, test := range map[string]struct {
		change  func(*rest.Config, *manager.Options)
		without error // what a write without a term is answered
	}{
		"the whole manager": {fenced, nil},
		"its client":        {strict, fence.ErrNoTerm},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			r := f.newReplica("one", test.change)
			kept := make(chan context.Context, 100)
			r.react = func(ctx context.Context, o client.Object) error {
				defer func() { kept <- context.WithoutCancel(ctx) }()
				return r.write(ctx, "during-"+o.GetName())
			}
			r.own([]schema.GroupKind{database}).start()
			var ctx context.Context
			for range perKind {
				select {
				case ctx = <-kept:
				case <-time.After(settleTimeout):
					t.Fatal("nothing was reconciled")
				}
			}
			for i := range perKind {
				name := fmt.Sprintf("during-database-%d", i+1)
				if _, err := plane.client.CoreV1().ConfigMaps(f.namespace).Get(t.Context(), name, metav1.GetOptions{}); err != nil {
					t.Errorf("a write during the term: %v", err)
				}
			}
			if err := r.write(t.Context(), "without"); !errors.Is(err, test.without) {
				t.Errorf("a write without a term is answered %v, want %v", err, test.without)
			}

			r.stop()
			var over *fence.DeposedError
			if err := r.write(ctx, "after"); !errors.As(err, &over) || over.Method != http.MethodPost || over.Sent {
				t.Errorf("a write after the term is answered %v, want that it was not sent", err)
			}
			_, err := plane.client.CoreV1().ConfigMaps(f.namespace).Get(t.Context(), "after", metav1.GetOptions{})
			if client.IgnoreNotFound(err) != nil || err == nil {
				t.Errorf("the ConfigMap of after the term: %v, want that there is none", err)
			}
		})
	}
}

// write creates a ConfigMap with the manager's client.
func (r *replica) write(ctx context.Context, name string) error {
	err := r.GetClient().Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: r.fleet.namespace, Name: name}})
	return client.IgnoreAlreadyExists(err)
}
