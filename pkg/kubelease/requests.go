package kubelease

import (
	"net/http"
	"strings"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
)

// Told returns a copy of config whose clients tell of each request when it has been
// answered, or has not: its verb, the HTTP status or zero, and how long it took. tell
// is called from the goroutine that made the request and must not block.
func Told(config *rest.Config, tell func(verb string, code int, took time.Duration)) *rest.Config {
	config = rest.CopyConfig(config)
	config.Wrap(func(base http.RoundTripper) http.RoundTripper { return &teller{base, tell} })
	return config
}

type teller struct {
	base http.RoundTripper
	tell func(verb string, code int, took time.Duration)
}

var _ utilnet.RoundTripperWrapper = (*teller)(nil)

// WrappedRoundTripper lets client-go find the connection's own settings.
func (t *teller) WrappedRoundTripper() http.RoundTripper { return t.base }

// RoundTrip sends a request.
func (t *teller) RoundTrip(r *http.Request) (*http.Response, error) {
	began := time.Now()
	answer, err := t.base.RoundTrip(r)
	code := 0
	if err == nil {
		code = answer.StatusCode
	}
	t.tell(verbOf(r), code, time.Since(began))
	return answer, err
}

// verbOf returns what the API server calls a request for Leases.
func verbOf(r *http.Request) string {
	switch r.Method {
	case http.MethodPost:
		return "create"
	case http.MethodPut:
		return "update"
	case http.MethodPatch:
		return "patch"
	case http.MethodDelete:
		return "delete"
	}
	switch {
	case r.URL.Query().Get("watch") != "":
		return "watch"
	case strings.HasSuffix(r.URL.Path, "/leases"):
		return "list"
	default:
		return "get"
	}
}
