package faultproxy_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kindred-k8s/kindred/test/faultproxy"
)

const (
	maps   = "/api/v1/namespaces/x/configmaps"
	leases = "/apis/coordination.k8s.io/v1/namespaces/x/leases"
)

func TestPassesThrough(t *testing.T) {
	c := newClient(t, newUpstream(t).config())
	body, err := c.do(patience, http.MethodGet, maps)
	if err != nil {
		t.Fatal(err)
	}
	if want := "HTTP/2.0 GET Bearer secret"; body != want {
		t.Errorf("the upstream saw %q, want %q", body, want)
	}
}

func TestWatchEventsArriveAtOnce(t *testing.T) {
	u := newUpstream(t)
	c := newClient(t, u.config())
	lines := c.watch(maps)
	for _, line := range []string{"one", "two"} {
		u.send(t, maps, line)
		expect(t, lines, line)
	}
}

func TestCutBreaksWatchesAndRefuses(t *testing.T) {
	u := newUpstream(t)
	c := newClient(t, u.config())
	lines := c.watch(maps)
	c.proxy.Cut()
	expectBroken(t, lines)
	if _, err := c.do(patience, http.MethodGet, maps); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a request during the cut: %v, want it refused at once", err)
	}
	c.proxy.Heal()
	c.mustGet(maps)
}

func TestCutBreaksIdleConnections(t *testing.T) {
	c := newClient(t, newUpstream(t).config())
	trust, err := rest.TLSConfigFor(c.proxy.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimPrefix(c.proxy.RESTConfig().Host, "https://")
	conn, err := tls.Dial("tcp", address, trust)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c.proxy.Cut()
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("reading from a connection that was cut: %v", err)
	}
	if fresh, err := tls.Dial("tcp", address, trust); err == nil {
		fresh.Close()
		t.Error("a new connection was accepted")
	}
}

func TestRestrictedCutLeavesOthersAlone(t *testing.T) {
	u := newUpstream(t)
	c := newClient(t, u.config())
	cut, kept := c.watch(leases), c.watch(maps)
	c.proxy.Cut(faultproxy.Resources("leases"))
	expectBroken(t, cut)
	if _, err := c.do(patience, http.MethodGet, leases); err == nil {
		t.Error("a request that matches was answered")
	}
	u.send(t, maps, "still here")
	expect(t, kept, "still here")
	c.mustGet(maps)
}

func TestHangHoldsEverythingUntilHeal(t *testing.T) {
	u := newUpstream(t)
	c := newClient(t, u.config())
	lines := c.watch(maps)
	c.proxy.Hang()
	if _, err := c.do(quiet, http.MethodPost, maps); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a request during the hang: %v, want no answer", err)
	}
	u.send(t, maps, "held")
	expectSilence(t, lines)

	answered := make(chan error, 1)
	go func() {
		_, err := c.do(patience, http.MethodGet, maps)
		answered <- err
	}()
	waitFor(t, func() bool { return c.proxy.Requests()["LIST configmaps"] == 1 })
	c.proxy.Heal()
	expect(t, lines, "held")
	if err := <-answered; err != nil {
		t.Errorf("the request that waited: %v", err)
	}
	if n := u.writes.Load(); n != 0 {
		t.Errorf("the request that the client gave up reached the upstream %d times", n)
	}
}

func TestDelay(t *testing.T) {
	c := newClient(t, newUpstream(t).config())
	c.mustGet(maps)
	c.proxy.Delay(quiet, faultproxy.Verbs("LIST"))
	began := time.Now()
	c.mustGet(maps)
	if took := time.Since(began); took < quiet {
		t.Errorf("answered after %s, before the delay of %s", took, quiet)
	}
	c.proxy.Delay(time.Hour)
	time.AfterFunc(quiet, c.proxy.Heal)
	c.mustGet(maps) // healing ends a delay that has begun
}

func TestLoseAnswers(t *testing.T) {
	for name, match := range map[string][]faultproxy.Match{
		"all":        nil,
		"restricted": {faultproxy.Writes(), faultproxy.Resources("configmaps")},
	} {
		t.Run(name, func(t *testing.T) {
			u := newUpstream(t)
			c := newClient(t, u.config())
			c.proxy.LoseAnswers(match...)
			if body, err := c.do(patience, http.MethodPost, maps); err == nil || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the answer arrived: %q, %v", body, err)
			}
			if n := u.writes.Load(); n != 1 {
				t.Errorf("the upstream carried it out %d times, want once", n)
			}
			c.proxy.Heal()
			c.mustGet(maps)
		})
	}
}

func TestUpstreamGone(t *testing.T) {
	u := newUpstream(t)
	c := newClient(t, u.config())
	lines := c.watch(maps)
	u.CloseClientConnections()
	expectBroken(t, lines)
	u.Close()
	if body, err := c.do(patience, http.MethodGet, maps); err == nil {
		t.Errorf("an answer (%q) though there is no API server", body)
	}
}

func TestCloseEndsWhatHangs(t *testing.T) {
	c := newClient(t, newUpstream(t).config())
	c.proxy.Hang()
	answered := make(chan error, 1)
	go func() {
		_, err := c.do(patience, http.MethodGet, maps)
		answered <- err
	}()
	waitFor(t, func() bool { return len(c.proxy.Requests()) == 1 })
	if err := c.proxy.Close(); err != nil {
		t.Error(err)
	}
	if err := <-answered; err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the request: %v, want it broken off", err)
	}
}

func TestKubeconfig(t *testing.T) {
	c := newClient(t, newUpstream(t).config())
	path := t.TempDir() + "/kubeconfig"
	if err := c.proxy.WriteKubeconfig(path); err != nil {
		t.Fatal(err)
	}
	cfg, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	if c.http, err = rest.HTTPClientFor(cfg); err != nil {
		t.Fatal(err)
	}
	defer c.http.CloseIdleConnections()
	if body, err := c.do(patience, http.MethodGet, maps); err != nil || !strings.HasSuffix(body, "Bearer secret") {
		t.Errorf("through the kubeconfig: %q, %v", body, err)
	}
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not come true in time")
		}
	}
}
