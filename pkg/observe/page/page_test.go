package page

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// get asks for a path as a browser on this machine does.
func get(t *testing.T, p *Page, method, path, host string) *http.Response {
	t.Helper()
	request := httptest.NewRequest(method, path, nil)
	request.Host = host
	recorder := httptest.NewRecorder()
	p.ServeHTTP(recorder, request)
	return recorder.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestHostileLease: what somebody has written into a Lease is shown as text, in every
// place where it is shown, and a terminal's codes are not passed on.
func TestHostileLease(t *testing.T) {
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(2)>' style="x:expression(1)` + "\x1b[2J\u202e_1"
	odd := owned("Disk", "a")
	odd.Labels["kindred.dev/kind"] = `<b onclick=x>`
	stale := owned("Topic", evil)
	stale.Spec.RenewTime = nil
	p := shown(snapshot(owned("Cache", evil), stale, member(t, evil, "Cache"), odd),
		change("Cache", "", evil, now), change("Cache", evil, "", now))
	p.failing(errors.New("<script>alert(3)</script>"))
	for _, path := range []string{"/", "/events"} {
		var text string
		if path == "/" {
			text = body(t, get(t, p, "GET", path, "localhost"))
		} else {
			text = stream(t, p)
		}
		if !strings.Contains(text, "&lt;script&gt;alert(1)") || !strings.Contains(text, "&lt;script&gt;alert(3)") {
			t.Errorf("%s does not show it as text", path)
		}
		text = strings.Replace(text, `<script src="page.js" defer></script>`, "", 1)
		for _, bad := range []string{"<script", "<img", "<b onclick", "\x1b", "\u202e"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s has %q", path, bad)
			}
		}
		// No attribute that the page's policy would have to allow.
		for _, tag := range regexp.MustCompile(`<[a-z][^<>]*>`).FindAllString(text, -1) {
			if regexp.MustCompile(`\s(on[a-z]+|style)=`).MatchString(regexp.MustCompile(`"[^"]*"`).ReplaceAllString(tag, `""`)) {
				t.Errorf("%s has %s", path, tag)
			}
		}
	}
}

// TestHeaders: nothing but the page's own files may run, and nobody may frame it.
func TestHeaders(t *testing.T) {
	p := shown(snapshot(owned("Cache", "a_1")))
	for path, contentType := range map[string]string{"/": "text/html; charset=utf-8", "/page.css": "text/css; charset=utf-8", "/page.js": "text/javascript; charset=utf-8"} {
		r := get(t, p, "GET", path, "127.0.0.1:8083")
		if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != contentType || len(body(t, r)) < 500 {
			t.Errorf("%s: %s, %s", path, r.Status, r.Header.Get("Content-Type"))
		}
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} {
			if !strings.Contains(r.Header.Get("Content-Security-Policy"), want) {
				t.Errorf("%s: the policy lacks %s", path, want)
			}
		}
		if r.Header.Get("X-Content-Type-Options") != "nosniff" || r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
			t.Errorf("%s: %v", path, r.Header)
		}
	}
	if text := body(t, get(t, p, "GET", "/", "localhost")); strings.Contains(text, "http://") || strings.Contains(text, "https://") {
		t.Error("the page names something outside")
	}
}

// TestReadOnly: it answers GET and HEAD.
func TestReadOnly(t *testing.T) {
	p := shown(snapshot())
	for method, want := range map[string]int{"GET": 200, "HEAD": 200, "POST": 405, "PUT": 405, "DELETE": 405, "PATCH": 405, "OPTIONS": 405} {
		if r := get(t, p, method, "/", "localhost"); r.StatusCode != want {
			t.Errorf("%s: %s, want %d", method, r.Status, want)
		}
	}
	if r := get(t, p, "GET", "/etc/passwd", "localhost"); r.StatusCode != http.StatusNotFound {
		t.Errorf("another path: %s", r.Status)
	}
}

// TestHosts: a web site that points a name of its own at this machine learns nothing.
func TestHosts(t *testing.T) {
	p := New(Options{Hosts: []string{"op.ns.svc"}})
	for host, want := range map[string]int{
		"localhost": 200, "LOCALHOST:80": 200, "127.0.0.1:8083": 200, "[::1]:8083": 200, "::1": 200, "10.1.2.3": 200, "op.ns.svc:8083": 200,
		"evil.example": 403, "evil.example:8083": 403, "localhost.evil.example": 403, "127.0.0.1.evil.example": 403, "": 403,
	} {
		if r := get(t, p, "GET", "/", host); r.StatusCode != want {
			t.Errorf("%q: %s, want %d", host, r.Status, want)
		}
	}
}

func TestAddress(t *testing.T) {
	for text, want := range map[string]string{":8083": "127.0.0.1:8083", "0.0.0.0:8083": "0.0.0.0:8083", "localhost:1": "localhost:1", "[::]:2": "[::]:2", "x": "x"} {
		if got := Address(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// stream returns the first event.
func stream(t *testing.T, p *Page) string {
	t.Helper()
	server := httptest.NewServer(p)
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	return first(t, open(t, ctx, server))
}

func open(t *testing.T, ctx context.Context, server *httptest.Server) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Body.Close() })
	return r
}

func first(t *testing.T, r *http.Response) string {
	t.Helper()
	text := &strings.Builder{}
	for lines := bufio.NewScanner(r.Body); lines.Scan() && lines.Text() != ""; {
		data, is := strings.CutPrefix(lines.Text(), "data: ")
		if !is {
			t.Fatalf("%q is no line of an event", lines.Text())
		}
		text.WriteString(data + "\n")
	}
	return text.String()
}

// TestStream: a browser is told what is, and then what becomes of it, and is let go.
func TestStream(t *testing.T) {
	p := shown(snapshot(owned("Cache", "a_1"), member(t, "a_1", "Cache")))
	server := httptest.NewServer(p)
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r := open(t, ctx, server)
	if got := r.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type %q", got)
	}
	if text := first(t, r); !strings.Contains(text, "Every kind is owned") || strings.Contains(text, "<html") {
		t.Errorf("at first: %s", text)
	}
	p.change(change("Cache", "a_1", "", now))
	p.snapshot(snapshot(owned("Cache", ""), member(t, "a_1", "Cache")))
	if text := first(t, r); !strings.Contains(text, "Nobody reconciles") || !strings.Contains(text, `<span class="note">released</span>`) {
		t.Errorf("then: %s", text)
	}
}

// TestStreamsAreBounded: one more than may listen is turned away, and one that leaves
// makes room.
func TestStreamsAreBounded(t *testing.T) {
	p := shown(snapshot())
	for range mostStreams {
		if !p.enter() {
			t.Fatal("too few may listen")
		}
	}
	if r := get(t, p, "GET", "/events", "localhost"); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one more: %s", r.Status)
	}
	p.leave()
	if !strings.Contains(stream(t, p), "No kinds yet") {
		t.Error("there is room again, and nothing comes")
	}
}

// TestTrouble: an error of the API server is said above what was last seen, and taken
// off when the watch works again.
func TestTrouble(t *testing.T) {
	s := snapshot(owned("Cache", "a_1"))
	p := shown(s)
	p.failing(errors.New("no route to host"))
	if text := body(t, get(t, p, "GET", "/", "localhost")); !strings.Contains(text, "no route to host") || !strings.Contains(text, "Cache") {
		t.Errorf("in trouble: %s", text)
	}
	p.snapshot(s)
	if text := body(t, get(t, p, "GET", "/", "localhost")); !strings.Contains(text, "no route to host") {
		t.Error("what was seen before the trouble has ended it")
	}
	renewed := owned("Cache", "a_1")
	renewed.Spec.RenewTime = ptr.To(metav1.NewMicroTime(now))
	p.snapshot(snapshot(renewed))
	if text := body(t, get(t, p, "GET", "/", "localhost")); strings.Contains(text, "no route to host") {
		t.Error("the trouble is over and still shown")
	}
	p.failing(errors.New("no route to host"))
	s.At.Time = time.Now().Add(2 * forgiven)
	p.snapshot(s)
	if text := body(t, get(t, p, "GET", "/", "localhost")); strings.Contains(text, "no route to host") {
		t.Error("an error of long ago is still shown")
	}
	waiting := New(Options{})
	if text := body(t, get(t, waiting, "GET", "/", "localhost")); !strings.Contains(text, "Waiting for the Leases") {
		t.Errorf("before the first snapshot: %s", text)
	}
}

// TestEveryKindIsInTheTable: also those that nobody holds, each once.
func TestEveryKindIsInTheTable(t *testing.T) {
	leases := []coordinationv1.Lease{member(t, "a_1", "Cache", "Queue", "Topic"), owned("Cache", "a_1"), owned("Queue", "plain"), owned("Topic", "")}
	var got []string
	for _, k := range shown(snapshot(leases...)).current.Table() {
		got = append(got, k.Kind+" "+k.Owner)
	}
	if want := "Cache a,Queue plain,Topic "; strings.Join(got, ",") != want {
		t.Errorf("%q, want %q", got, want)
	}
}
