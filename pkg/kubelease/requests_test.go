package kubelease_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/kindred-k8s/kindred/pkg/kubelease"
)

// TestTold: every request of the Lease client is told with its verb and its status.
func TestTold(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusConflict) }))
	defer server.Close()
	var told []string
	client, err := kubelease.NewClient(kubelease.Told(&rest.Config{Host: server.URL}, func(verb string, code int, took time.Duration) {
		if took <= 0 {
			t.Errorf("%s took %v", verb, took)
		}
		told = append(told, fmt.Sprint(verb, " ", code))
	}))
	if err != nil {
		t.Fatal(err)
	}
	// What they answer is not the point here.
	leases, ctx, l := client.Leases("default"), t.Context(), &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "a"}}
	_, _ = leases.Get(ctx, "a", metav1.GetOptions{})
	_, _ = leases.List(ctx, metav1.ListOptions{})
	_, _ = leases.Watch(ctx, metav1.ListOptions{})
	_, _ = leases.Create(ctx, l, metav1.CreateOptions{})
	_, _ = leases.Update(ctx, l, metav1.UpdateOptions{})
	_, _ = leases.Patch(ctx, "a", types.MergePatchType, []byte("{}"), metav1.PatchOptions{})
	_ = leases.Delete(ctx, "a", metav1.DeleteOptions{})
	server.Close()
	_, _ = leases.Get(ctx, "a", metav1.GetOptions{})
	want := []string{"get 409", "list 409", "watch 409", "create 409", "update 409", "patch 409", "delete 409", "get 0"}
	if !slices.Equal(slices.Compact(told), want) {
		t.Errorf("told %q, want %q", told, want)
	}
}
