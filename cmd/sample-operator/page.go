package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/kindred-k8s/kindred/pkg/inspect"
	"github.com/kindred-k8s/kindred/pkg/observe/page"
)

// diagnostics serves the page that shows who owns what. A nil one serves nothing.
type diagnostics struct {
	page     *page.Page
	listener net.Listener
	server   *http.Server
	client   coordinationclient.LeasesGetter
	query    inspect.Query
}

// listenPage opens the address, on localhost if it names no host.
func listenPage(ctx context.Context, o options, config *rest.Config) (*diagnostics, error) {
	if o.page == disabled {
		return nil, nil
	}
	client, err := coordinationclient.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("serving the page: %w", err)
	}
	listener, err := net.Listen("tcp", page.Address(o.page))
	if err != nil {
		return nil, fmt.Errorf("serving the page: %w", err)
	}
	klog.FromContext(ctx).Info("Serving the page that shows who owns what", "url", "http://"+listener.Addr().String())
	shown := page.New(page.Options{})
	return &diagnostics{
		page: shown, listener: listener, client: client,
		server: &http.Server{Handler: shown, ReadHeaderTimeout: 5 * time.Second},
		query:  inspect.Query{Namespace: o.election.namespace, Component: o.election.component},
	}, nil
}

// watch feeds the page until ctx is done. A page that cannot be fed is no reason to stop
// the replica: it says itself what is wrong.
func (d *diagnostics) watch(ctx context.Context) {
	if d == nil {
		return
	}
	for {
		err := d.page.Run(ctx, d.client, d.query)
		if err == nil {
			return // ctx is done
		}
		klog.FromContext(ctx).Error(err, "The page cannot be fed; trying again")
		select {
		case <-ctx.Done():
			return
		case <-time.After(10 * time.Second):
		}
	}
}

// serve returns after close.
func (d *diagnostics) serve() error {
	if d == nil {
		return nil
	}
	if err := d.server.Serve(d.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the page: %w", err)
	}
	return nil
}

// close ends serve, and with it every connection.
func (d *diagnostics) close() {
	if d != nil {
		_ = d.server.Close() // nothing is left to be done about an error
	}
}
