package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
)

// TestPageIsOffUnlessAskedFor, and on localhost unless it is asked for elsewhere.
func TestPageIsOffUnlessAskedFor(t *testing.T) {
	var o options
	o.page = disabled
	none, err := listenPage(t.Context(), o, &rest.Config{})
	if none != nil || err != nil {
		t.Errorf("%v, %v", none, err)
	}
	none.watch(t.Context())
	if err := none.serve(); err != nil {
		t.Error(err)
	}
	none.close()

	o.page = ":0"
	d, err := listenPage(t.Context(), o, &rest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	address := d.listener.Addr().String()
	if !strings.HasPrefix(address, "127.0.0.1:") {
		t.Errorf("it is on %s", address)
	}
	var serving sync.WaitGroup
	var failed error
	serving.Go(func() { failed = d.serve() })
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get("http://" + address)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("it answers %s", response.Status)
	}
	d.close()
	serving.Wait()
	if failed != nil {
		t.Error(failed)
	}
}
