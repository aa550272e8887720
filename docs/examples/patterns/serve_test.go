package patterns_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// Webhooks and health checks on every replica: they are served before Run, which is
// when the replica begins to take part in elections, and they wait for nobody.
func Example_webhooksOnEveryReplica() {
	leases := leaseapi.New().Client(nil)
	start := func(pod string) (*replica, *httptest.Server) {
		r := newReplica(leases, pod, func(ctx context.Context, _ lease.Term) error {
			<-ctx.Done()
			return nil
		})
		mux := http.NewServeMux()
		mux.HandleFunc("/validate", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "admitted by ", pod) })
		mux.HandleFunc("/healthz", func(w http.ResponseWriter, request *http.Request) {
			if err := r.Check(request); err != nil {
				http.Error(w, err.Error(), http.StatusServiceUnavailable)
				return
			}
			fmt.Fprint(w, pod, " is healthy")
		})
		return r, httptest.NewServer(mux)
	}
	first, firstServer := start("pod-1")
	defer firstServer.Close()
	fmt.Println(get(firstServer.URL+"/validate"), "before the election")
	fmt.Println(get(firstServer.URL + "/healthz"))
	first.run()
	<-first.Elected(widget)

	second, secondServer := start("pod-2")
	defer secondServer.Close()
	second.run()
	_, owner := second.Term(widget)
	fmt.Println(get(secondServer.URL+"/validate"), "owner:", owner)
	fmt.Println(get(secondServer.URL + "/healthz"))
	second.leave()
	first.leave()

	// Output:
	// admitted by pod-1 before the election
	// pod-1 is healthy
	// admitted by pod-2 owner: false
	// pod-2 is healthy
}

func get(url string) string {
	answer, err := http.Get(url)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		log.Fatal(err)
	}
	return string(text)
}
