package doctor

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// gatherer reads the state. Only what the Leases need to be read for is an error; all
// else that cannot be read is noted.
type gatherer struct {
	client kubernetes.Interface
	clock  *serverClock
	// watch is for how long the Leases are watched.
	watch time.Duration
	// account is what --service-account says; impersonated what --as does.
	account, impersonated string
	skip                  []string
	state                 *state
}

// newGatherer makes the client.
func newGatherer(config *rest.Config, program string, query inspect.Query) (*gatherer, error) {
	g := &gatherer{clock: &serverClock{}, state: &state{program: program, query: query}}
	config = rest.CopyConfig(config)
	config.Wrap(g.clock.wrap)
	client, err := kubernetes.NewForConfig(config)
	g.client = client
	return g, err
}

func (g *gatherer) gather(ctx context.Context) (*state, error) {
	if err := g.leases(ctx); err != nil {
		return nil, err
	}
	g.state.ahead, g.state.clocked = g.clock.ahead()
	g.pods(ctx)
	g.accounts()
	for _, more := range []struct {
		check string
		read  func(context.Context)
	}{{"rbac", g.access}, {"installed", g.resources}, {"policies", g.policies}} {
		if !slices.Contains(g.skip, more.check) {
			more.read(ctx)
		}
	}
	return g.state, ctx.Err()
}

// miss notes what this user may not read, or what went wrong.
func (g *gatherer) miss(check, verb, resource string, err error) {
	fix := ""
	if apierrors.IsForbidden(err) {
		fix = "let this user " + verb + " " + resource + ", or use --skip " + check
	}
	g.state.miss(check, fix, "%s %s: %v", verb, resource, err)
}

// serverClock learns from answers how far this computer's clock is ahead of the API
// server's.
type serverClock struct {
	mu    sync.Mutex
	least time.Duration
	known bool
}

func (c *serverClock) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(r)
		if err == nil {
			c.note(response.Header.Get("Date"), time.Now())
		}
		return response, err
	})
}

// note takes in one answer. Its date was made before it arrived and is cut to the
// second, so it is up to a second and its way behind: the least is nearest to the truth.
func (c *serverClock) note(date string, arrived time.Time) {
	made, err := http.ParseTime(date)
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if ahead := arrived.Sub(made); !c.known || ahead < c.least {
		c.least, c.known = ahead, true
	}
}

func (c *serverClock) ahead() (time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.least, c.known
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
