package main

import (
	"net/http"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
)

// TestPageIsOffUnlessAskedFor, and on localhost unless it is asked for elsewhere.
func TestPageIsOffUnlessAskedFor(t *testing.T) {
	var o options
	o.page = disabled
	none, err := newDiagnostics(o, &rest.Config{})
	if none != nil || err != nil || none.address() != disabled {
		t.Errorf("%v, %v, at %s", none, err, none.address())
	}
	none.watch(t.Context())

	o.page = ":0"
	d, err := newDiagnostics(o, &rest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var serving servers
	if err := serving.add(listen(t.Context(), "the page", none.address(), none.handler())); err != nil {
		t.Fatal(err)
	}
	if err := serving.add(listen(t.Context(), "the page", d.address(), d.handler())); err != nil {
		t.Fatal(err)
	}
	address := serving.all[1].listener.Addr().String()
	if serving.all[0] != nil || !strings.HasPrefix(address, "127.0.0.1:") {
		t.Errorf("the one that is off is %v, the other one is on %s", serving.all[0], address)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get("http://" + address)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("it answers %s", response.Status)
	}
	if err := serving.close(); err != nil {
		t.Error(err)
	}
}
