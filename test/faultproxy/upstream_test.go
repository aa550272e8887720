package faultproxy_test

import (
	"bufio"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"k8s.io/client-go/rest"

	"github.com/kindred-k8s/kindred/test/faultproxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen, and quiet how long for what must not.
const (
	patience = 10 * time.Second
	quiet    = 100 * time.Millisecond
)

// written is the body of every POST.
const written = "written"

// upstream stands in for an API server: it answers a watch with lines that the test sends, and anything else at once.
type upstream struct {
	*httptest.Server
	writes atomic.Int32 // POST requests carried out, with all of their body

	mu      sync.Mutex
	watches map[string]chan string
}

func newUpstream(t *testing.T) *upstream {
	t.Helper()
	u := &upstream{watches: map[string]chan string{}}
	u.Server = httptest.NewUnstartedServer(u)
	u.EnableHTTP2 = true
	u.StartTLS()
	t.Cleanup(u.Close)
	return u
}

func (u *upstream) config() *rest.Config {
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: u.Certificate().Raw})
	return &rest.Config{Host: u.URL, BearerToken: "secret", TLSClientConfig: rest.TLSClientConfig{CAData: ca}}
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		if body, err := io.ReadAll(r.Body); err != nil || string(body) != written {
			return
		}
		u.writes.Add(1)
	}
	if r.URL.Query().Get("watch") != "true" {
		fmt.Fprintf(w, "%s %s %s", r.Proto, r.Method, r.Header.Get("Authorization"))
		return
	}
	events := u.events(r.URL.Path)
	_ = http.NewResponseController(w).Flush()
	for {
		select {
		case line := <-events:
			fmt.Fprintln(w, line)
			_ = http.NewResponseController(w).Flush()
		case <-r.Context().Done():
			return
		}
	}
}

// events is the channel for the watch of a path.
func (u *upstream) events(path string) chan string {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.watches[path] == nil {
		u.watches[path] = make(chan string)
	}
	return u.watches[path]
}

func (u *upstream) send(t *testing.T, path, line string) {
	t.Helper()
	select {
	case u.events(path) <- line:
	case <-time.After(patience):
		t.Fatal("nobody watches", path)
	}
}

// client is a client that goes through a proxy of its own.
type client struct {
	t     *testing.T
	proxy *faultproxy.Proxy
	http  *http.Client
}

func newClient(t *testing.T, to *rest.Config) *client {
	t.Helper()
	p, err := faultproxy.New(to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	h, err := rest.HTTPClientFor(p.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.CloseIdleConnections)
	return &client{t, p, h}
}

// do returns the body, or the error of a request that gets no answer within the time.
func (c *client) do(within time.Duration, method, path string) (string, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), within)
	defer cancel()
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(written)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.proxy.RESTConfig().Host+path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return string(text), err
}

// mustGet fails the test unless the request is answered by the upstream.
func (c *client) mustGet(path string) {
	c.t.Helper()
	if body, err := c.do(patience, http.MethodGet, path); err != nil || !strings.Contains(body, "GET") {
		c.t.Fatalf("GET %s = %q, %v", path, body, err)
	}
}

// watch opens a watch; the channel has its lines and is closed when it breaks.
func (c *client) watch(path string) <-chan string {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.proxy.RESTConfig().Host+path+"?watch=true", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { answer.Body.Close() })
	lines := make(chan string, 10)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(answer.Body); s.Scan(); {
			lines <- s.Text()
		}
	}()
	return lines
}

func expect(t *testing.T, lines <-chan string, want string) {
	t.Helper()
	select {
	case got, ok := <-lines:
		if !ok || got != want {
			t.Fatalf("the watch gave %q (open: %v), want %q", got, ok, want)
		}
	case <-time.After(patience):
		t.Fatalf("the watch gave nothing, want %q", want)
	}
}

func expectBroken(t *testing.T, lines <-chan string) {
	t.Helper()
	select {
	case got, ok := <-lines:
		if ok {
			t.Fatalf("the watch gave %q, want it to break", got)
		}
	case <-time.After(patience):
		t.Fatal("the watch did not break")
	}
}

func expectSilence(t *testing.T, lines <-chan string) {
	t.Helper()
	select {
	case got, ok := <-lines:
		t.Fatalf("the watch gave %q (open: %v), want silence", got, ok)
	case <-time.After(quiet):
	}
}
