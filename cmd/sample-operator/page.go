package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/kindred-k8s/kindred/pkg/inspect"
	"github.com/kindred-k8s/kindred/pkg/observe/page"
)

// diagnostics is the page that shows who owns what. There is none when it is nil.
type diagnostics struct {
	page   *page.Page
	at     string
	client coordinationclient.LeasesGetter
	query  inspect.Query
}

func newDiagnostics(o options, config *rest.Config) (*diagnostics, error) {
	if o.page == disabled {
		return nil, nil
	}
	client, err := coordinationclient.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("serving the page: %w", err)
	}
	return &diagnostics{
		page: page.New(page.Options{}), at: page.Address(o.page), client: client,
		query: inspect.Query{Namespace: o.election.coordinator.Namespace, Component: o.election.coordinator.Component},
	}, nil
}

// address is on localhost if none is named.
func (d *diagnostics) address() string {
	if d == nil {
		return disabled
	}
	return d.at
}

func (d *diagnostics) handler() http.Handler {
	if d == nil {
		return nil
	}
	return d.page
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
