package coordinator_test

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/kindred-k8s/kindred/pkg/fence"
)

// arrivals is the cluster that the reconcilers of a fleet write to. It is never cut
// off: whatever is sent to it arrives, after a while, and takes effect.
type arrivals struct {
	f     *fleet
	takes time.Duration
}

func (a arrivals) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case <-time.After(a.takes):
	}
	kind := r.URL.Path[1:]
	token, _ := fence.Token(r.Context())
	a.f.mu.Lock()
	defer a.f.mu.Unlock()
	if newest := a.f.newest[kind]; token != newest && !a.f.edited[kind] {
		a.f.t.Errorf("%v: a write to %s of term %s arrives after term %s has begun", time.Since(a.f.start), kind, token, newest)
	}
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
}

// write writes to a kind's objects through a guarded client.
func (f *fleet) write(ctx context.Context, kind string, takes time.Duration) error {
	guarded, err := fence.NewTransport(arrivals{f, takes}, fence.RefuseUnfenced)
	if err != nil {
		f.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://cluster/"+kind, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	_, err = guarded.RoundTrip(r)
	return err
}

// mustWrite writes, and takes no other failure than the end of the term.
func (f *fleet) mustWrite(ctx context.Context, kind string) {
	err := f.write(ctx, kind, 5*time.Millisecond)
	if err != nil && !errors.Is(err, fence.ErrDeposed) && ctx.Err() == nil {
		f.t.Errorf("%v: writing to %s: %v", time.Since(f.start), kind, err)
	}
}
