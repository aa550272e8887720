package inspect

import (
	"context"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	clienttesting "k8s.io/client-go/testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeLeases says that the fake does not stream lists.
type fakeLeases struct {
	coordinationclient.LeasesGetter
}

func (fakeLeases) IsWatchListSemanticsUnSupported() bool { return true }

func TestWatch(t *testing.T) {
	first := owned(t, "Database", "a")
	clientset := fake.NewClientset(&first)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var changes []string
	released := false
	err := Watch(ctx, fakeLeases{clientset.CoordinationV1()}, Query{Namespace: "ns", Component: component}, Handler{
		Change: func(c Change) { changes = append(changes, c.From+">"+c.To) },
		Snapshot: func(s *Snapshot) {
			switch {
			case !released && s.Kinds[0].Holder == "a_abc":
				released = true
				for _, holder := range []string{"", "b"} {
					next := owned(t, "Database", holder)
					if _, err := clientset.CoordinationV1().Leases("ns").Update(ctx, &next, metav1.UpdateOptions{}); err != nil {
						t.Error(err)
					}
				}
			case s.Kinds[0].Holder == "b_abc":
				cancel()
			}
		},
		Trouble: func(err error) { t.Error(err) },
	})
	if err != nil {
		t.Error(err)
	}
	if got := strings.Join(changes, " "); got != "a_abc> a_abc>b_abc" {
		t.Errorf("changes %q: every version must be told, also those between two snapshots", got)
	}
}

func TestForbiddenNamesTheFix(t *testing.T) {
	clientset := fake.NewClientset()
	clientset.PrependReactor("list", "leases", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, &coordinationv1.LeaseList{}, apierrors.NewForbidden(coordinationv1.Resource("leases"), "", nil)
	})
	client := fakeLeases{clientset.CoordinationV1()}
	_, collected := Collect(t.Context(), client, Query{})
	watched := Watch(t.Context(), client, Query{Namespace: "ns"}, Handler{})
	for want, err := range map[string]error{
		"let this user list leases in the API group coordination.k8s.io in all namespaces, or ask": collected,
		`let this user list leases in the API group coordination.k8s.io in namespace "ns"`:         watched,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestCollect(t *testing.T) {
	mine, other := owned(t, "Database", "a"), owned(t, "Queue", "a")
	other.Labels = kind("Queue").Labels("other")
	other.Name = "other.queue.sample.kindred.dev"
	clientset := fake.NewClientset(&mine, &other)
	for component, want := range map[string]int{component: 1, "other": 1, "": 2, "none": 0} {
		snapshot, err := Collect(t.Context(), clientset.CoordinationV1(), Query{Component: component})
		if err != nil || len(snapshot.Kinds) != want {
			t.Errorf("component %q: %+v, %v; want %d kinds", component, snapshot, err, want)
		}
	}
}
