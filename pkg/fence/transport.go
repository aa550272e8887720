package fence

import (
	"errors"
	"fmt"
	"net/http"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
)

// Unfenced says what happens to a write whose context carries no term. The zero
// value is not valid: the choice is the user's.
type Unfenced int

const (
	// RefuseUnfenced refuses it with ErrNoTerm. For a client that only reconcilers
	// use: a context that was lost on the way shows at once.
	RefuseUnfenced Unfenced = iota + 1
	// AllowUnfenced sends it. For a client that has other uses too, such as
	// Events, or reviews (SubjectAccessReview), which are POSTs. A reconciler that
	// loses its context is not fenced then.
	AllowUnfenced
)

func (u Unfenced) validate() error {
	if u != RefuseUnfenced && u != AllowUnfenced {
		return errors.New("fence: what happens to writes without a term is not chosen: give RefuseUnfenced or AllowUnfenced")
	}
	return nil
}

// Wrap returns a copy of config whose clients' writes are refused once the term
// that their context carries is over. It works for everything that is made of a
// rest.Config: typed, dynamic, metadata and raw clients.
func Wrap(config *rest.Config, unfenced Unfenced) (*rest.Config, error) {
	err := unfenced.validate()
	if config == nil {
		err = errors.Join(err, errors.New("fence: config is nil: give the rest.Config to guard"))
	}
	if err != nil {
		return nil, err
	}
	config = rest.CopyConfig(config)
	config.Wrap(func(base http.RoundTripper) http.RoundTripper {
		return &transport{base: base, unfenced: unfenced}
	})
	return config, nil
}

// NewTransport guards the requests of any HTTP client: those to systems outside the
// cluster that reconcilers write to. A nil base is http.DefaultTransport.
func NewTransport(base http.RoundTripper, unfenced Unfenced) (http.RoundTripper, error) {
	if err := unfenced.validate(); err != nil {
		return nil, err
	}
	if base == nil {
		base = http.DefaultTransport
	}
	return &transport{base: base, unfenced: unfenced}, nil
}

type transport struct {
	base     http.RoundTripper
	unfenced Unfenced
}

var _ utilnet.RoundTripperWrapper = (*transport)(nil)

// WrappedRoundTripper lets client-go find the connection's own settings.
func (t *transport) WrappedRoundTripper() http.RoundTripper { return t.base }

// RoundTrip sends a request that may be sent.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	switch r.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions: // "" is GET
		return t.base.RoundTrip(r)
	}
	f := carried(r.Context())
	switch {
	case f == nil && t.unfenced == RefuseUnfenced:
		closeBody(r)
		return nil, fmt.Errorf("%s %s not sent: %w", r.Method, r.URL.Path, ErrNoTerm)
	case f == nil || f == exempt:
		return t.base.RoundTrip(r)
	}
	fl, guarded, err := f.begin(r)
	if err != nil {
		closeBody(r)
		return nil, err
	}
	return fl.send(t.base, guarded)
}

// send returns the answer to a write. The flight ends with the answer's body.
func (fl *flight) send(base http.RoundTripper, r *http.Request) (*http.Response, error) {
	answer, err := base.RoundTrip(r)
	if err != nil {
		fl.done()
		return nil, fl.explain(err)
	}
	// A connection that was upgraded is the caller's, who needs its own body to
	// write to it.
	if answer.StatusCode == http.StatusSwitchingProtocols || answer.Body == nil || answer.Body == http.NoBody {
		fl.done()
		return answer, nil
	}
	fl.body = answer.Body
	answer.Body = fl
	return answer, nil
}

// closeBody is what a RoundTripper owes also for a request that it does not send.
func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close() // nothing has been read from it
	}
}
