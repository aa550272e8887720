package fence_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"

	"github.com/kindred-k8s/kindred/pkg/fence"
)

var (
	reads  = []string{"GET", "HEAD", "OPTIONS", ""}
	writes = []string{"POST", "PUT", "PATCH", "DELETE", "PURGE"}
)

// counting is a base transport that counts what arrives.
type counting struct{ arrived int }

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.arrived++
	if r.Body != nil {
		r.Body.Close()
	}
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
}

// body notes that it was closed.
type body struct {
	io.Reader
	closed bool
}

func (b *body) Close() error { b.closed = true; return nil }

// send sends one request; its body must be closed, whatever comes of it.
func send(t *testing.T, ctx context.Context, transport http.RoundTripper, method string) error {
	t.Helper()
	b := &body{Reader: strings.NewReader("x")}
	r, err := http.NewRequestWithContext(ctx, method, "http://server/queues/orders?fieldManager=x", b)
	if err != nil {
		t.Fatal(err)
	}
	r.Method = method // http.NewRequest makes GET of an empty one
	answer, err := transport.RoundTrip(r)
	if (answer == nil) == (err == nil) {
		t.Errorf("%s: an answer %v and an error %v", method, answer, err)
	}
	if !b.closed {
		t.Errorf("%s: the request's body was not closed", method)
	}
	return err
}

func TestEachVerb(t *testing.T) {
	lasting := fence.NewContext(t.Context(), fence.New(term, time.Now().Add(time.Hour)))
	ended := fence.New(term, time.Now().Add(time.Hour))
	ended.End("the test says so")
	over := fence.NewContext(t.Context(), ended)
	expired := fence.NewContext(t.Context(), fence.New(term, time.Now()))
	plain := t.Context()
	for name, c := range map[string]struct {
		ctx      context.Context
		unfenced fence.Unfenced
		write    error // what becomes of a write
	}{
		"the term lasts":             {lasting, fence.RefuseUnfenced, nil},
		"the term was ended":         {over, fence.RefuseUnfenced, fence.ErrDeposed},
		"the term was ended, lax":    {over, fence.AllowUnfenced, fence.ErrDeposed},
		"the term expired":           {expired, fence.RefuseUnfenced, fence.ErrDeposed},
		"no term, refused":           {plain, fence.RefuseUnfenced, fence.ErrNoTerm},
		"no term, allowed":           {plain, fence.AllowUnfenced, nil},
		"exempt":                     {fence.Exempt(plain), fence.RefuseUnfenced, nil},
		"exempt, with a term's end":  {fence.Exempt(over), fence.RefuseUnfenced, nil},
		"a term after the exemption": {fence.NewContext(fence.Exempt(plain), ended), fence.AllowUnfenced, fence.ErrDeposed},
	} {
		t.Run(name, func(t *testing.T) {
			base := &counting{}
			guarded, err := fence.NewTransport(base, c.unfenced)
			if err != nil {
				t.Fatal(err)
			}
			for _, method := range reads {
				if err := send(t, c.ctx, guarded, method); err != nil {
					t.Errorf("the read %q: %v", method, err)
				}
			}
			if base.arrived != len(reads) {
				t.Errorf("%d reads arrived, want %d", base.arrived, len(reads))
			}
			base.arrived = 0
			for _, method := range writes {
				err := send(t, c.ctx, guarded, method)
				if !errors.Is(err, c.write) || c.write == nil && err != nil {
					t.Errorf("%s: %v, want %v", method, err, c.write)
				}
			}
			want := 0
			if c.write == nil {
				want = len(writes)
			}
			if base.arrived != want {
				t.Errorf("%d writes arrived, want %d", base.arrived, want)
			}
		})
	}
}

func TestRefusalTexts(t *testing.T) {
	guarded, err := fence.NewTransport(&counting{}, fence.RefuseUnfenced)
	if err != nil {
		t.Fatal(err)
	}
	f := fence.New(term, time.Now())
	for want, ctx := range map[string]context.Context{
		"PUT /queues/orders not sent: term u1/3 of Queue.sample.kindred.dev is over: " + fence.Expired: fence.NewContext(t.Context(), f),
		"PUT /queues/orders not sent: " + fence.ErrNoTerm.Error():                                      t.Context(),
	} {
		if err := send(t, ctx, guarded, http.MethodPut); err == nil || err.Error() != want {
			t.Errorf("the error is\n%v, want\n%s", err, want)
		}
	}
}

func TestUnfencedMustBeChosen(t *testing.T) {
	for _, u := range []fence.Unfenced{0, 3, -1} {
		if _, err := fence.NewTransport(nil, u); err == nil {
			t.Errorf("NewTransport takes %d", u)
		}
	}
	_, err := fence.Wrap(nil, 0)
	if err == nil || !strings.Contains(err.Error(), "config is nil") || !strings.Contains(err.Error(), "RefuseUnfenced or AllowUnfenced") {
		t.Errorf("Wrap of nothing returned %v, want all that is wrong", err)
	}
}

func TestConnectionSettingsAreFound(t *testing.T) {
	base := &http.Transport{DialContext: (&net.Dialer{}).DialContext}
	guarded, err := fence.NewTransport(base, fence.AllowUnfenced)
	if err != nil {
		t.Fatal(err)
	}
	if dial, err := utilnet.DialerFor(guarded); dial == nil || err != nil {
		t.Errorf("the dialer is not found: %v", err)
	}
	if _, err := utilnet.TLSClientConfig(guarded); err != nil {
		t.Errorf("the TLS settings are not found: %v", err)
	}
}

// A real server and connection: a write that hangs ends at safe-until, and the
// server sees it go.
func TestHangingServer(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		t.Run(map[bool]string{false: "HTTP/1.1", true: "HTTP/2"}[http2], func(t *testing.T) {
			gone := make(chan struct{})
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				<-r.Context().Done()
				close(gone)
				panic(http.ErrAbortHandler) // an answer could still arrive while the client hangs up
			}))
			s.EnableHTTP2 = http2
			s.StartTLS()
			defer s.Close()
			guarded, err := fence.NewTransport(s.Client().Transport, fence.RefuseUnfenced)
			if err != nil {
				t.Fatal(err)
			}
			ctx := fence.NewContext(t.Context(), fence.New(term, time.Now().Add(100*time.Millisecond)))
			r, err := http.NewRequestWithContext(ctx, http.MethodPut, s.URL+"/queues/orders/status", strings.NewReader("x"))
			if err != nil {
				t.Fatal(err)
			}
			_, err = (&http.Client{Transport: guarded}).Do(r)
			wantCut(t, err, fence.Expired)
			<-gone
		})
	}
}

// An upgraded connection is the caller's to write to.
func TestUpgrade(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = buffered.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		_ = buffered.Flush()
		line, _ := buffered.ReadString('\n')
		_, _ = buffered.WriteString(line)
		_ = buffered.Flush()
	}))
	defer s.Close()
	guarded, err := fence.NewTransport(s.Client().Transport, fence.RefuseUnfenced)
	if err != nil {
		t.Fatal(err)
	}
	ctx := fence.NewContext(t.Context(), fence.New(term, time.Now().Add(time.Hour)))
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "echo")
	answer, err := guarded.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	conn, ok := answer.Body.(io.ReadWriteCloser)
	if !ok {
		t.Fatalf("the body is a %T, which cannot be written to", answer.Body)
	}
	if _, err := io.WriteString(conn, "hello\n"); err != nil {
		t.Error(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); line != "hello\n" {
		t.Errorf("the echo is %q (%v)", line, err)
	}
}

// Many writers, many ends: for the race detector.
func TestManyAtOnce(t *testing.T) {
	base, arrived := server{}, atomic.Int32{}
	done := make(chan struct{})
	for range 50 {
		f := fence.New(term, time.Now().Add(time.Hour))
		ctx := fence.NewContext(t.Context(), f)
		for range 8 {
			go func() {
				defer func() { done <- struct{}{} }()
				for write(ctx, base) == nil {
					if arrived.Add(1)%100 == 0 {
						f.Limit(time.Now().Add(time.Millisecond), "limited")
					}
					f.Extend(time.Now().Add(time.Hour))
				}
			}()
		}
		time.AfterFunc(time.Millisecond, func() { f.End("ended") })
		for range 8 {
			<-done
		}
		if f.Flights() != 0 {
			t.Errorf("%d writes are under way", f.Flights())
		}
	}
}
