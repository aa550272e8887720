package measure

import (
	"bytes"
	"context"
	"fmt"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"k8s.io/client-go/kubernetes"
)

// scrape is what the API server counts about Leases, and what its process, which has
// etcd inside, has used.
type scrape struct {
	at       time.Time
	requests map[string]float64 // by verb
	watched  float64            // events sent to watches
	cpu      float64            // seconds
}

func takeScrape(ctx context.Context, client kubernetes.Interface) (scrape, error) {
	raw, err := client.Discovery().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return scrape{}, fmt.Errorf("reading the metrics of the API server: %w", err)
	}
	s, err := parseScrape(raw)
	s.at = time.Now()
	return s, err
}

func parseScrape(raw []byte) (scrape, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(raw))
	if err != nil {
		return scrape{}, fmt.Errorf("the metrics of the API server: %w", err)
	}
	for _, name := range []string{"apiserver_request_total", "process_cpu_seconds_total"} {
		if families[name] == nil {
			return scrape{}, fmt.Errorf("the API server has no metric %s", name)
		}
	}
	s := scrape{requests: map[string]float64{}}
	for _, m := range families["apiserver_request_total"].Metric {
		if label(m, "resource") == "leases" {
			s.requests[label(m, "verb")] += m.Counter.GetValue()
		}
	}
	// There is none before the first event.
	for _, m := range families["apiserver_watch_events_total"].GetMetric() {
		if label(m, "resource") == "leases" || label(m, "kind") == "Lease" {
			s.watched += m.Counter.GetValue()
		}
	}
	for _, m := range families["process_cpu_seconds_total"].Metric {
		s.cpu += m.Counter.GetValue()
	}
	return s, nil
}

func label(m *dto.Metric, name string) string {
	for _, l := range m.Label {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}
