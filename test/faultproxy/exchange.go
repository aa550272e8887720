package faultproxy

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var (
	errCut  = errors.New("faultproxy: cut")
	errLost = errors.New("faultproxy: the answer is lost")
)

type connKey struct{}
type exchangeKey struct{}

// exchange is one request that the proxy deals with.
type exchange struct {
	proxy  *Proxy
	req    *http.Request // as it came in; read only
	ctx    context.Context
	cancel context.CancelCauseFunc
	began  time.Time
}

func exchangeOf(ctx context.Context) *exchange { return ctx.Value(exchangeKey{}).(*exchange) }

// serve deals with one request. A panic with ErrAbortHandler is net/http's way of breaking a request off: the stream
// under HTTP/2, the connection under HTTP/1.
func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	x := p.begin(r)
	if x == nil {
		panic(http.ErrAbortHandler)
	}
	defer p.end(x)
	v, err := x.admit()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if v.status != 0 {
		writeStatus(w, r, v.status)
		return
	}
	p.forward.ServeHTTP(gate{w, x}, r.WithContext(x.ctx))
}

// begin registers and counts a request; it returns nil when the proxy is closed.
func (p *Proxy) begin(r *http.Request) *exchange {
	x := &exchange{proxy: p, req: r, began: time.Now()}
	life := r.Context() // ends when the client gives the request up
	if p.judge(r).detain && take(r) == nil {
		life = context.WithoutCancel(life)
	}
	x.ctx, x.cancel = context.WithCancelCause(context.WithValue(life, exchangeKey{}, x))
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		x.cancel(net.ErrClosed)
		return nil
	}
	p.handlers.Add(1)
	p.open[x] = struct{}{}
	p.counts[Describe(r).String()]++
	return x
}

// take reads the request's body from the client, so that nothing more is needed of it.
func take(r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return err
}

func (p *Proxy) end(x *exchange) {
	x.cancel(nil)
	p.mu.Lock()
	delete(p.open, x)
	p.mu.Unlock()
	p.handlers.Done()
}

// admit waits until the request may go on to the API server.
func (x *exchange) admit() (verdict, error) {
	for {
		v := x.proxy.judge(x.req)
		switch left := v.delay - time.Since(x.began); {
		case v.cut:
			return v, x.broken(v, errCut)
		case v.hang:
			if err := v.wait(x.ctx, 0); err != nil {
				return v, err
			}
		case left > 0:
			if err := v.wait(x.ctx, left); err != nil {
				return v, err
			}
		default:
			return v, nil
		}
	}
}

// mayAnswer waits until the client may be told something, the answer's head or a part of its body.
func (x *exchange) mayAnswer() error {
	for {
		v := x.proxy.judge(x.req)
		switch {
		case v.cut:
			return x.broken(v, errCut)
		case v.hang:
			if err := v.wait(x.ctx, 0); err != nil {
				return err
			}
		case v.lose:
			return x.broken(v, errLost)
		default:
			return nil
		}
	}
}

func (x *exchange) broken(v verdict, err error) error {
	if v.whole {
		x.breakConnection()
	}
	x.cancel(err)
	return err
}

// gate is a response through which data passes when the faults allow it. Unwrap leads net/http to Flush.
type gate struct {
	http.ResponseWriter
	x *exchange
}

func (g gate) Unwrap() http.ResponseWriter { return g.ResponseWriter }

func (g gate) Write(b []byte) (int, error) {
	if err := g.x.mayAnswer(); err != nil {
		return 0, err
	}
	return g.ResponseWriter.Write(b)
}

// answerBody breaks the client's connection when the API server's breaks in the middle of an answer, as when it dies.
type answerBody struct {
	io.ReadCloser
	x *exchange
}

func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF && b.x.ctx.Err() == nil {
		b.x.breakConnection()
	}
	return n, err
}

// breakConnection breaks the client's connection, and so all requests on it.
func (x *exchange) breakConnection() {
	if conn, ok := x.req.Context().Value(connKey{}).(net.Conn); ok {
		abort(conn)
	}
}

// abort closes the connection below TLS and with a reset: a network that breaks says no goodbye.
func abort(conn net.Conn) {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	if t, ok := conn.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	_ = conn.Close()
}

// connState keeps the set of connections, and refuses one that arrives during an unrestricted cut.
func (p *Proxy) connState(conn net.Conn, state http.ConnState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch state {
	case http.StateNew:
		p.conns[conn] = struct{}{}
		for _, f := range p.faults {
			if f.cut && f.whole() {
				abort(conn)
				return
			}
		}
	case http.StateClosed, http.StateHijacked:
		delete(p.conns, conn)
	}
}

func (p *Proxy) breakAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		abort(conn)
	}
}

// writeStatus answers as the API server does, so that client-go makes the usual typed error of it.
func writeStatus(w http.ResponseWriter, r *http.Request, code int) {
	d := Describe(r)
	status := apierrors.NewGenericServerResponse(code, d.Verb, schema.GroupResource{Group: d.Group, Resource: d.Resource},
		d.Name, "injected by the fault proxy: "+strconv.Itoa(code), 0, true).ErrStatus
	status.Kind, status.APIVersion = "Status", "v1"
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(status)
}
