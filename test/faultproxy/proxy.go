package faultproxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kindred-k8s/kindred/test/cluster/bootstrap"
	"github.com/kindred-k8s/kindred/test/cluster/pki"
)

// Proxy stands in front of an API server. Its methods may be called by any goroutine.
type Proxy struct {
	cfg       *rest.Config
	server    *http.Server
	forward   *httputil.ReverseProxy
	transport *http.Transport
	serving   chan struct{} // closed when the server's accept loop has returned

	mu     sync.Mutex
	closed bool
	faults []fault
	// changed is closed, and replaced, whenever faults changes.
	changed chan struct{}
	conns   map[net.Conn]struct{}
	open    map[*exchange]struct{}
	counts  map[string]int

	handlers sync.WaitGroup // Add happens under mu, and not once closed
}

// New starts a proxy in front of the API server that the configuration names. A client certificate in the
// configuration is presented by the proxy itself, for every request; a bearer token stays with the client.
func New(upstream *rest.Config) (*Proxy, error) {
	target, _, err := rest.DefaultServerUrlFor(upstream)
	if err != nil {
		return nil, fmt.Errorf("the API server's address: %w", err)
	}
	upstreamTLS, err := rest.TLSConfigFor(upstream)
	if err != nil {
		return nil, fmt.Errorf("the API server's TLS settings: %w", err)
	}
	ca, pair, err := pki.ServingPair("kindred-faultproxy", "127.0.0.1")
	if err != nil {
		return nil, err
	}
	cert, err := tls.X509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}

	p := &Proxy{
		cfg:     clientConfig(upstream, "https://"+listener.Addr().String(), ca),
		serving: make(chan struct{}),
		changed: make(chan struct{}),
		conns:   map[net.Conn]struct{}{},
		open:    map[*exchange]struct{}{},
		counts:  map[string]int{},
		transport: &http.Transport{
			TLSClientConfig:   upstreamTLS,
			ForceAttemptHTTP2: true,
			DialContext:       upstream.Dial,
			Proxy:             upstream.Proxy,
			// The client decides about compression, not the proxy on its behalf.
			DisableCompression: true,
			IdleConnTimeout:    90 * time.Second,
		},
	}
	p.forward = p.reverseProxy(target)
	p.server = &http.Server{
		Handler:           http.HandlerFunc(p.serve),
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
		ConnState:         p.connState,
		ConnContext:       func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
		ErrorLog:          log.New(io.Discard, "", 0), // broken connections are the point, not an error
		ReadHeaderTimeout: time.Minute,
	}
	go func() {
		defer close(p.serving)
		_ = p.server.ServeTLS(listener, "", "")
	}()
	return p, nil
}

// clientConfig is the upstream configuration with the proxy in the place of the server.
func clientConfig(upstream *rest.Config, host string, ca []byte) *rest.Config {
	cfg := rest.CopyConfig(upstream)
	cfg.Host = host
	cfg.TLSClientConfig = rest.TLSClientConfig{CAData: ca}
	cfg.Dial = nil
	cfg.Proxy = nil
	return cfg
}

func (p *Proxy) reverseProxy(target *url.URL) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     p.transport,
		FlushInterval: -1, // a watch event must not wait for the next
		ErrorLog:      log.New(io.Discard, "", 0),
		ModifyResponse: func(answer *http.Response) error {
			x := exchangeOf(answer.Request.Context())
			answer.Body = &answerBody{answer.Body, x}
			return x.mayAnswer()
		},
		ErrorHandler: func(_ http.ResponseWriter, r *http.Request, err error) {
			x := exchangeOf(r.Context())
			if x.ctx.Err() == nil && !errors.Is(err, errLost) {
				// The API server cannot be reached. Without the proxy the client would see its connection fail, not an
				// answer with status 502.
				x.breakConnection()
			}
			panic(http.ErrAbortHandler)
		},
	}
}

// RESTConfig is a new copy of the configuration of a client that goes through the proxy.
func (p *Proxy) RESTConfig() *rest.Config { return rest.CopyConfig(p.cfg) }

// WriteKubeconfig writes a kubeconfig for a client, in another process say, that goes through the proxy.
func (p *Proxy) WriteKubeconfig(path string) error { return bootstrap.WriteKubeconfig(path, p.cfg) }

// Close breaks all connections and returns when everything that the proxy started has ended.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	for x := range p.open {
		x.cancel(net.ErrClosed)
	}
	p.mu.Unlock()
	err := p.server.Close()
	<-p.serving
	p.handlers.Wait()
	p.transport.CloseIdleConnections()
	return err
}
