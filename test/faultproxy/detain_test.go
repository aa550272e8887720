package faultproxy_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/test/faultproxy"
)

// TestDetain: a request that its client has given up is delivered all the same; with Delay it is not.
func TestDetain(t *testing.T) {
	for name, want := range map[string]int32{"delay": 0, "detain": 1} {
		t.Run(name, func(t *testing.T) {
			u := newUpstream(t)
			c := newClient(t, u.config())
			fault := map[string]func(time.Duration, ...faultproxy.Match){"delay": c.proxy.Delay, "detain": c.proxy.Detain}[name]
			fault(3*quiet, faultproxy.Writes())
			c.mustGet(maps)
			if _, err := c.do(quiet, http.MethodPost, maps); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a request that is late: %v, want no answer", err)
			}
			if n := u.writes.Load(); n != 0 {
				t.Errorf("it was delivered %d times before its time", n)
			}
			waitFor(t, func() bool { return u.writes.Load() == want })
			time.Sleep(4 * quiet)
			if n := u.writes.Load(); n != want {
				t.Errorf("it was delivered %d times, want %d", n, want)
			}
		})
	}
	t.Run("heal", func(t *testing.T) {
		u := newUpstream(t)
		c := newClient(t, u.config())
		c.proxy.Detain(time.Hour)
		if _, err := c.do(quiet, http.MethodPost, maps); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a request that is late: %v, want no answer", err)
		}
		c.proxy.Heal()
		waitFor(t, func() bool { return u.writes.Load() == 1 })
	})
	t.Run("close", func(t *testing.T) {
		u := newUpstream(t)
		c := newClient(t, u.config())
		c.proxy.Detain(time.Hour)
		if _, err := c.do(quiet, http.MethodPost, maps); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a request that is late: %v, want no answer", err)
		}
		if err := c.proxy.Close(); err != nil { // it waits for what the proxy has begun
			t.Error(err)
		}
		if n := u.writes.Load(); n != 0 {
			t.Errorf("it was delivered %d times by closing", n)
		}
	})
}
