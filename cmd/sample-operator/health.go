package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"k8s.io/klog/v2"
)

// health serves /healthz and /readyz. A nil health serves nothing.
type health struct {
	listener net.Listener
	server   *http.Server
}

// listenHealth opens the address. /healthz is what check says. /readyz passes from
// the start, for a standby is as ready as an owner, until leaving is done.
func listenHealth(leaving context.Context, address string, check func(*http.Request) error) (*health, error) {
	if address == disabled {
		return nil, nil
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("serving health checks: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/healthz", answer(check))
	mux.Handle("/readyz", answer(func(*http.Request) error {
		if leaving.Err() != nil {
			return errors.New("the replica is leaving")
		}
		return nil
	}))
	klog.FromContext(leaving).Info("Serving health checks", "address", listener.Addr().String())
	return &health{listener, &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}}, nil
}

func answer(check func(*http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := check(r); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ok") // the prober may have hung up
	})
}

// serve returns after close.
func (h *health) serve() error {
	if h == nil {
		return nil
	}
	if err := h.server.Serve(h.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving health checks: %w", err)
	}
	return nil
}

// close ends serve, and with it every connection.
func (h *health) close() {
	if h != nil {
		_ = h.server.Close() // nothing is left to be done about an error
	}
}
