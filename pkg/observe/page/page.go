package page

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"

	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// Options are a page's settings. The zero value will do.
type Options struct {
	// Hosts are further names by which a browser may ask for the page, besides
	// localhost and IP addresses: that of a Service, say.
	Hosts []string
}

// Page is the handler. It is safe for concurrent use.
type Page struct {
	options Options
	mux     *http.ServeMux

	mu      sync.Mutex
	current view
	// trouble is what the watch has failed with, at troubled. newest is the last renewal
	// that was seen: when there is a newer one, the watch works again.
	trouble  string
	troubled time.Time
	newest   time.Time
	history  *history
	colours  *colours
	// news is closed and made anew with each change of current.
	news chan struct{}
	// streams is how many browsers listen.
	streams int
}

// New returns a page that says that it has seen nothing yet.
func New(options Options) *Page {
	p := &Page{
		options: options, mux: http.NewServeMux(), history: newHistory(), colours: newColours(),
		news: make(chan struct{}),
	}
	p.current = view{Waiting: true}
	p.mux.HandleFunc("GET /{$}", p.whole)
	p.mux.HandleFunc("GET /events", p.events)
	p.mux.Handle("GET /page.css", asset("page.css", "text/css; charset=utf-8"))
	p.mux.Handle("GET /page.js", asset("page.js", "text/javascript; charset=utf-8"))
	return p
}

// Run watches the Leases until ctx is done, and then returns nil. It returns an error
// when they cannot be read to begin with; the page then says so.
func (p *Page) Run(ctx context.Context, client coordinationclient.LeasesGetter, query inspect.Query) error {
	err := inspect.Watch(ctx, client, query, inspect.Handler{
		Snapshot: p.snapshot, Change: p.change, Trouble: p.failing,
	})
	if err != nil {
		p.failing(err)
	}
	return err
}

// unchanged is how often a browser is told anew although nothing has changed, for the
// ages.
const unchanged = 5 * time.Second

func (p *Page) snapshot(s *inspect.Snapshot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.history.see(s)
	// A snapshot comes every second, also of Leases that are old.
	if newest := newestRenewal(s); newest.After(p.newest) || s.At.Sub(p.troubled) > forgiven {
		p.newest, p.trouble = newest, ""
	}
	next := newView(s, p.history, p.colours)
	next.Trouble = p.trouble
	if next.essence() != p.current.essence() || s.At.Sub(p.current.At) >= unchanged {
		p.show(next)
	}
}

// forgiven is after how long without another error the watch counts as working although
// nobody renews a Lease. It tries again every 30 s at least.
const forgiven = time.Minute

func newestRenewal(s *inspect.Snapshot) (newest time.Time) {
	for _, r := range s.Replicas {
		if r.Renewed.After(newest) {
			newest = r.Renewed.Time
		}
	}
	for _, k := range s.Kinds {
		if k.Renewed.After(newest) {
			newest = k.Renewed.Time
		}
	}
	return newest
}

func (p *Page) change(c inspect.Change) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.history.add(c)
}

func (p *Page) failing(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.troubled = time.Now()
	if p.trouble == err.Error() {
		return
	}
	p.trouble = err.Error()
	next := p.current
	next.Trouble = p.trouble
	p.show(next)
}

// show replaces what the page shows. The caller holds the lock.
func (p *Page) show(next view) {
	p.current = next
	close(p.news)
	p.news = make(chan struct{})
}

// now returns what the page shows, and a channel that is closed when that changes.
func (p *Page) now() (view, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.current, p.news
}

// policy lets the page load its own two files and listen to itself, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
	if !p.knows(r.Host) {
		http.Error(w, "this page is not served under that name: use localhost or an IP address", http.StatusForbidden)
		return
	}
	p.mux.ServeHTTP(w, r)
}

// knows says whether a browser may ask for the host.
func (p *Page) knows(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	return host == "localhost" || net.ParseIP(host) != nil || slices.ContainsFunc(p.options.Hosts, func(name string) bool { return strings.EqualFold(name, host) })
}

// Address makes an address to listen on of what a person writes: without a host, it is
// on localhost only.
func Address(text string) string {
	if host, port, err := net.SplitHostPort(text); err == nil && host == "" {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return text
}
