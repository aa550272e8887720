package main

import (
	"context"
	"errors"
	"net/http"
	"testing"
)

func TestHealth(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	var sick error
	h, err := listenHealth(ctx, "127.0.0.1:0", func(*http.Request) error { return sick })
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- h.serve() }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	want := func(path string, code int) {
		t.Helper()
		response, err := client.Get("http://" + h.listener.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != code {
			t.Errorf("%s is %d, want %d", path, response.StatusCode, code)
		}
	}
	// It owns nothing, and is well.
	want("/healthz", http.StatusOK)
	want("/readyz", http.StatusOK)
	want("/", http.StatusNotFound)

	sick = errors.New("stuck")
	want("/healthz", http.StatusServiceUnavailable)
	want("/readyz", http.StatusOK)

	// While it drains it must not be restarted.
	sick = nil
	leave()
	want("/healthz", http.StatusOK)
	want("/readyz", http.StatusServiceUnavailable)

	h.close()
	if err := <-served; err != nil {
		t.Errorf("serve returned %v", err)
	}
}

func TestHealthDisabled(t *testing.T) {
	h, err := listenHealth(t.Context(), disabled, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.serve(); err != nil {
		t.Error(err)
	}
	h.close()
}

func TestHealthAddressInUse(t *testing.T) {
	h, err := listenHealth(t.Context(), "127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer h.listener.Close()
	if _, err := listenHealth(t.Context(), h.listener.Addr().String(), nil); err == nil {
		t.Error("two listen on one address")
	}
}
