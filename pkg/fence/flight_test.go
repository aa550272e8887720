package fence_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kindred-k8s/kindred/pkg/fence"
)

// server is a base transport whose answers take time, and that says of a cancelled
// request no more than context.Canceled, as HTTP/2 does.
type server struct {
	takes time.Duration
	// body is the answer's; when nil it is "done".
	body func(context.Context) io.ReadCloser
}

func (s server) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case <-time.After(s.takes):
	}
	body := io.NopCloser(strings.NewReader("done"))
	if s.body != nil {
		body = s.body(r.Context())
	}
	return &http.Response{StatusCode: http.StatusOK, Body: body, Request: r}, nil
}

// write sends one PUT and reads the answer.
func write(ctx context.Context, base http.RoundTripper) error {
	guarded, err := fence.NewTransport(base, fence.RefuseUnfenced)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://server/queues/orders/status", bytes.NewReader([]byte("x")))
	if err != nil {
		return err
	}
	answer, err := guarded.RoundTrip(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.ReadAll(answer.Body)
	return err
}

// wantCut checks that a write ended as one that was under way at the term's end.
func wantCut(t *testing.T, err error, reason string) {
	t.Helper()
	var deposed *fence.DeposedError
	if !errors.As(err, &deposed) {
		t.Errorf("the write returned %v, want a DeposedError", err)
		return
	}
	want := fence.DeposedError{Term: term, Reason: reason, Method: "PUT", Path: "/queues/orders/status", Sent: true}
	if *deposed != want {
		t.Errorf("the write returned %+v, want %+v", *deposed, want)
	}
}

// What happens to a write that is sent at second 0 and whose answer takes a while,
// under a right to write of ten seconds.
func TestWriteUnderWay(t *testing.T) {
	never := time.Hour
	for name, c := range map[string]struct {
		takes  time.Duration
		do     func(f *fence.Fence, start time.Time) // at second 5
		reason string                                // none: it succeeds
		at     time.Duration
	}{
		"answered in time":            {takes: 9 * time.Second, at: 9 * time.Second},
		"cut at safe-until":           {takes: never, reason: fence.Expired, at: 10 * time.Second},
		"answered after an extension": {takes: 14 * time.Second, do: func(f *fence.Fence, s time.Time) { f.Extend(s.Add(15 * time.Second)) }, at: 14 * time.Second},
		"cut at the extended time":    {takes: never, do: func(f *fence.Fence, s time.Time) { f.Extend(s.Add(15 * time.Second)) }, reason: fence.Expired, at: 15 * time.Second},
		"cut at the end of the term":  {takes: never, do: func(f *fence.Fence, _ time.Time) { f.End("lost") }, reason: "lost", at: 5 * time.Second},
		"cut at the limit":            {takes: never, do: func(f *fence.Fence, s time.Time) { f.Limit(s.Add(7*time.Second), "edited") }, reason: "edited", at: 7 * time.Second},
		"answered before the limit":   {takes: 6 * time.Second, do: func(f *fence.Fence, s time.Time) { f.Limit(s.Add(7*time.Second), "edited") }, at: 6 * time.Second},
		"limited to after safe-until": {takes: never, do: func(f *fence.Fence, s time.Time) { f.Limit(s.Add(12*time.Second), "edited") }, reason: fence.Expired, at: 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				f := fence.New(term, start.Add(10*time.Second))
				if c.do != nil {
					time.AfterFunc(5*time.Second, func() { c.do(f, start) })
				}
				err := write(fence.NewContext(t.Context(), f), server{takes: c.takes})
				if c.reason != "" {
					wantCut(t, err, c.reason)
				} else if err != nil {
					t.Error(err)
				}
				if took := time.Since(start); took != c.at {
					t.Errorf("it took %v, want %v", took, c.at)
				}
			})
		})
	}
}

// The timer is set by the first write, fires for a right that has been extended,
// and must be there for a write that begins later.
func TestTimerAfterExtensionsWithoutWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		f := fence.New(term, start.Add(10*time.Second))
		ctx := fence.NewContext(t.Context(), f)
		if err := write(ctx, server{}); err != nil {
			t.Error(err)
		}
		for s := 2; s <= 40; s += 2 {
			time.Sleep(2 * time.Second)
			f.Extend(time.Now().Add(10 * time.Second))
		}
		wantCut(t, write(ctx, server{takes: time.Hour}), fence.Expired)
		if took := time.Since(start); took != 50*time.Second {
			t.Errorf("the write was cut after %v, want 50 s", took)
		}
	})
}

func TestAllWritesUnderWayAreCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fence.New(term, time.Now().Add(10*time.Second))
		ctx := fence.NewContext(t.Context(), f)
		results := make(chan error)
		for n := range 10 {
			go func() { results <- write(ctx, server{takes: time.Duration(n) * time.Second}) }()
		}
		time.Sleep(4500 * time.Millisecond)
		go f.End("lost")
		cut := 0
		for range 10 {
			if err := <-results; err != nil {
				wantCut(t, err, "lost")
				cut++
			}
		}
		if cut != 5 {
			t.Errorf("%d writes were cut, want the 5 that took longer", cut)
		}
	})
}

// A write whose own context ends, and one that fails, say so themselves.
func TestOtherErrorsAreLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fence.New(term, time.Now().Add(10*time.Second))
		ctx, cancel := context.WithTimeout(fence.NewContext(t.Context(), f), time.Second)
		defer cancel()
		if err := write(ctx, server{takes: time.Hour}); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, fence.ErrDeposed) {
			t.Errorf("the write returned %v, want its own deadline", err)
		}
	})
}

// stream is an answer that never ends.
type stream struct{ ctx context.Context }

func (s stream) Read([]byte) (int, error) { <-s.ctx.Done(); return 0, s.ctx.Err() }
func (s stream) Close() error             { return nil }

func TestAnswerThatIsBeingReadIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fence.New(term, time.Now().Add(10*time.Second))
		wantCut(t, write(fence.NewContext(t.Context(), f), server{body: func(ctx context.Context) io.ReadCloser { return stream{ctx} }}), fence.Expired)
	})
}

// Answers that were read to the end, closed early, or had no body leave nothing
// behind: ending the term cancels nothing.
func TestFinishedWritesAreForgotten(t *testing.T) {
	for name, finish := range map[string]func(*http.Response){
		"read":            func(r *http.Response) { _, _ = io.ReadAll(r.Body) },
		"closed":          func(r *http.Response) { r.Body.Close() },
		"closed twice":    func(r *http.Response) { r.Body.Close(); r.Body.Close() },
		"read and closed": func(r *http.Response) { _, _ = io.ReadAll(r.Body); r.Body.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := fence.New(term, time.Now().Add(10*time.Second))
				guarded, err := fence.NewTransport(server{}, fence.RefuseUnfenced)
				if err != nil {
					t.Fatal(err)
				}
				r, err := http.NewRequestWithContext(fence.NewContext(t.Context(), f), http.MethodPost, "http://server/queues", nil)
				if err != nil {
					t.Fatal(err)
				}
				answer, err := guarded.RoundTrip(r)
				if err != nil {
					t.Fatal(err)
				}
				sent := answer.Request.Context()
				if sent.Err() != nil {
					t.Error("the write's context ended before its answer was read")
				}
				finish(answer)
				if !errors.Is(context.Cause(sent), context.Canceled) {
					t.Errorf("the write's context is left behind: %v", context.Cause(sent))
				}
				if f.Flights() != 0 {
					t.Errorf("%d writes are under way", f.Flights())
				}
			})
		})
	}
}
