package fence_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/fence"
)

// instant is a base transport that costs one answer.
type instant struct{}

func (instant) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
}

// BenchmarkRoundTrip is the guard alone: its cost is the difference to NoFence.
func BenchmarkRoundTrip(b *testing.B) { benchmark(b, instant{}, "http://server/x") }

// BenchmarkRoundTripLoopback is the guard with a server on the same machine, the
// quickest that a request can really be.
func BenchmarkRoundTripLoopback(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "{}")
	}))
	defer s.Close()
	benchmark(b, s.Client().Transport, s.URL)
}

func benchmark(b *testing.B, base http.RoundTripper, url string) {
	guarded, err := fence.NewTransport(base, fence.RefuseUnfenced)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context()) // as a reconciler's is
	defer cancel()
	ctx = fence.NewContext(ctx, fence.New(term, time.Now().Add(time.Hour)))
	for _, c := range []struct {
		name, method string
		transport    http.RoundTripper
	}{
		{"NoFence", http.MethodPut, base},
		{"Fenced", http.MethodPut, guarded},
		{"NoFenceRead", http.MethodGet, base},
		{"Read", http.MethodGet, guarded},
	} {
		r, err := http.NewRequestWithContext(ctx, c.method, url, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				answer, err := c.transport.RoundTrip(r)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, answer.Body); err != nil {
					b.Fatal(err)
				}
				answer.Body.Close()
			}
		})
	}
}
