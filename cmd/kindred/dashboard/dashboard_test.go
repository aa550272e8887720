package dashboard

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kindred-k8s/kindred/pkg/inspect"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeLeases says that the fake does not stream lists.
type fakeLeases struct {
	coordinationclient.LeasesGetter
}

func (fakeLeases) IsWatchListSemanticsUnSupported() bool { return true }

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

// TestServe: the page is there until the command is ended, and then all of it is over.
func TestServe(t *testing.T) {
	listener := listen(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- serve(ctx, listener, fakeLeases{fake.NewClientset().CoordinationV1()}, inspect.Query{})
	}()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get("http://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(text), "<title>Kindred") {
		t.Errorf("%s, %v: %s", response.Status, err, text)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestLeasesCannotBeRead: the command ends and says why.
func TestLeasesCannotBeRead(t *testing.T) {
	clientset := fake.NewClientset()
	clientset.PrependReactor("list", "leases", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(coordinationv1.Resource("leases"), "", nil)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err := serve(ctx, listen(t), fakeLeases{clientset.CoordinationV1()}, inspect.Query{Namespace: "ns"})
	if err == nil || !strings.Contains(err.Error(), `let this user list leases`) {
		t.Errorf("%v", err)
	}
}
