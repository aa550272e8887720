package kubelease

import (
	"fmt"
	"net"
	"time"

	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
)

// NewClient returns a client for Leases alone. It does not share the workload's
// rate limiter, because a limiter that the workload has exhausted starves the
// renewals, nor its connection, because a renewal would wait behind the
// workload's watches. Its own traffic is bounded by the number of kinds and the
// retry period, so it needs no limit.
func NewClient(config *rest.Config) (coordinationv1client.LeasesGetter, error) {
	client, err := coordinationv1client.NewForConfig(apart(config, "kindred-leases"))
	if err != nil {
		return nil, fmt.Errorf("making the client for Leases: %w", err)
	}
	return client, nil
}

// apart returns the config for a client that shares nothing with others.
func apart(config *rest.Config, agent string) *rest.Config {
	own := rest.CopyConfig(config)
	own.QPS, own.RateLimiter = -1, nil
	own.Timeout = 0 // every request has a deadline of its own; the watch must have none
	if own.Dial == nil {
		// client-go shares connections between configs that are equal, and a dialer
		// of its own makes this one unequal.
		dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}
		own.Dial = dialer.DialContext
	}
	return rest.AddUserAgent(own, agent)
}
