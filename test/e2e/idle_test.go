package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/test/faultproxy"
)

// TestIdle: replicas of which nobody comes or goes renew and read nothing.
func TestIdle(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	proxies := map[string]*faultproxy.Proxy{}
	for _, name := range names(5) {
		proxy, kubeconfig := f.proxy(name)
		proxies[name] = proxy
		f.launch(name, nil, "--kubeconfig="+kubeconfig)
	}
	f.settle()
	f.renewed() // what the last change caused is over
	for _, proxy := range proxies {
		proxy.ResetRequests()
	}
	began := time.Now()
	// Each has one kind to renew every second and its presence every 5/3 s.
	const enough = 16
	within(t, settleTimeout, fmt.Sprintf("%d renewals by each replica", enough), func(context.Context) error {
		for name, proxy := range proxies {
			if n := proxy.Requests()["UPDATE leases"]; n < enough {
				return fmt.Errorf("%s has made %d", name, n)
			}
		}
		return nil
	})
	took, total := time.Since(began), 0
	for name, proxy := range proxies {
		for request, n := range proxy.Requests() {
			total += n
			if request != "UPDATE leases" {
				t.Errorf("%s made %d requests %s in %v", name, n, request, took)
			}
		}
	}
	rate := float64(total) / took.Seconds()
	t.Logf("%d requests in %v, all renewals: %.1f a second for five replicas and five kinds", total, took.Round(time.Millisecond), rate)
	want := 5/f.timing.RetryPeriod.Seconds() + 5/f.timing.Heartbeat().Seconds()
	if rate > 1.2*want {
		t.Errorf("that is more than the owners' renewals and the members' heartbeats, %.1f a second", want)
	}
}
