package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"k8s.io/klog/v2"
)

// server serves health checks or metrics. A nil server serves nothing.
type server struct {
	what     string
	listener net.Listener
	http     *http.Server
}

// listen opens the address.
func listen(ctx context.Context, what, address string, handler http.Handler) (*server, error) {
	if address == disabled {
		return nil, nil
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("serving %s: %w", what, err)
	}
	klog.FromContext(ctx).Info("Serving "+what, "address", listener.Addr().String())
	return &server{what, listener, &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}}, nil
}

// listenHealth serves /healthz and /readyz. /healthz is what check says. /readyz passes
// from the start, for a standby is as ready as an owner, until leaving is done.
func listenHealth(leaving context.Context, address string, check func(*http.Request) error) (*server, error) {
	mux := http.NewServeMux()
	mux.Handle("/healthz", answer(check))
	mux.Handle("/readyz", answer(func(*http.Request) error {
		if leaving.Err() != nil {
			return errors.New("the replica is leaving")
		}
		return nil
	}))
	return listen(leaving, "health checks", address, mux)
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
func (s *server) serve() error {
	if s == nil {
		return nil
	}
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving %s: %w", s.what, err)
	}
	return nil
}

// close ends serve, and with it every connection.
func (s *server) close() {
	if s != nil {
		_ = s.http.Close() // nothing is left to be done about an error
	}
}

// servers serve until they are closed.
type servers struct {
	all     []*server
	running sync.WaitGroup
	mu      sync.Mutex
	errs    []error // guarded by mu
}

// add begins to serve, unless there is an error.
func (s *servers) add(one *server, err error) error {
	if err != nil {
		return err
	}
	s.all = append(s.all, one)
	s.running.Go(func() {
		err := one.serve()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.errs = append(s.errs, err)
	})
	return nil
}

// close ends all, and returns what went wrong with them.
func (s *servers) close() error {
	for _, one := range s.all {
		one.close()
	}
	s.running.Wait()
	return errors.Join(s.errs...)
}
