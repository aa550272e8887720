package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/kindred-k8s/kindred/pkg/inspect"
)

// TestObserved: replicas come, leave and crash, and what a person is told of it
// afterwards, from Events and metrics, is what the journal says.
func TestObserved(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.account(nil)
	f.grantLeases()
	f.grantPods()
	f.grantKinds()
	pods := map[string]*corev1.Pod{}
	start := func(name string) { pods[name] = f.launchPod(name, "--metrics-bind-address=127.0.0.1:0") }
	start("op-0")
	f.settle()
	p := f.person()
	p.grantAll()
	start("op-1")
	f.settle()
	f.stop("op-0")
	f.settle()
	start("op-2")
	f.settle()
	f.kill("op-1")
	f.settle()

	ended := map[string]int{}
	for _, kind := range f.kinds {
		h := f.wantHistory(p, kind)
		for _, term := range h.Terms {
			ended[term.Ended]++
		}
	}
	if ended["Leaving"] == 0 || ended["Moved"] == 0 || ended["Expired"] == 0 || ended[""] != len(f.kinds) {
		t.Errorf("terms ended in these ways: %v", ended)
	}
	f.wantPodEvents(pods["op-2"], "Elected")

	// The plan counts on a crashed replica for as long as its own Lease lasts, which may outlive
	// those of its kinds.
	var m series
	within(t, settleTimeout, "the survivor to own what it plans", func(context.Context) error {
		m = f.scrape("op-2")
		if name := fmt.Sprintf(`kindred_plan_differences{component=%q}`, f.component); m[name] != 0 {
			return fmt.Errorf("%s is %v", name, m[name])
		}
		return nil
	})
	for _, kind := range f.kinds {
		labels := fmt.Sprintf(`{bucket="",component=%q,kind=%q}`, f.component, kind)
		m.want(t, "kindred_owned"+labels, 1, 1)
		m.want(t, "kindred_unowned_seconds"+labels, 0, 0)
		m.want(t, "kindred_terms_total"+labels, 1, 2)
		m.want(t, "kindred_safe_until_margin_seconds"+labels, 0, f.timing.LeaseDuration.Seconds())
		m.want(t, fmt.Sprintf(`leader_election_master_status{name="%s/%s"}`, f.namespace, f.leaseName(kind)), 1, 1)
	}
	m.want(t, `kindred_lease_requests_total{code="200",component="op",verb="update"}`, 1, 1000)
	m.want(t, `kindred_lease_requests_total{code="200",component="op",verb="watch"}`, 1, 10)
	m.want(t, `kindred_without_owner_seconds_count{after="expiry",component="op"}`, 1, 5)
	m.want(t, `kindred_handover_seconds_count{component="op",phase="take_over"}`, 1, 5)
	m.want(t, `kindred_problems{component="op"}`, 0, 0)
	m.want(t, `kindred_plan_differences{component="op"}`, 0, 0)
}

// wantHistory compares what "kindred history" says of a kind with the journal.
func (f *fleet) wantHistory(p *person, kind string) *inspect.History {
	f.t.Helper()
	var h inspect.History
	// The last Event may still be on its way.
	within(f.t, settleTimeout, "the history of "+kind, func(context.Context) error {
		h = inspect.History{}
		if err := json.Unmarshal([]byte(p.must("history", kind, "-o", "json")), &h); err != nil {
			return err
		}
		var told, was []string
		for i, term := range h.Terms {
			told = append(told, term.Owner+" "+term.Token)
			last := i == len(h.Terms)-1
			switch {
			case term.Current != last || (term.Ended == "") != last:
				return fmt.Errorf("term %d of %d is told as %+v", i, len(h.Terms), term)
			case term.From.IsZero() || i > 0 && !term.From.After(h.Terms[i-1].From.Time):
				return fmt.Errorf("the terms are not in order: %+v", h.Terms)
			case i > 0 && term.Without == "":
				return fmt.Errorf("it is not told for how long nobody had it before %+v", term)
			}
		}
		f.journal.now()
		for _, l := range f.journal.since(0) {
			if l.Event == "start" && l.Kind == kind {
				was = append(was, l.Replica+" "+l.Term)
			}
		}
		if !slices.Equal(told, was) {
			return fmt.Errorf("told %v, and the journal has %v", told, was)
		}
		return nil
	})
	f.t.Logf("%s:\n%s", kind, p.must("history", kind))
	return &h
}

// wantPodEvents checks that kubectl describe pod shows an Event of this reason.
func (f *fleet) wantPodEvents(pod *corev1.Pod, reason string) {
	f.t.Helper()
	events, err := plane.client.CoreV1().Events(f.namespace).List(f.t.Context(), metav1.ListOptions{FieldSelector: fields.Set{
		"involvedObject.kind": "Pod", "involvedObject.uid": string(pod.UID),
	}.String()})
	if err != nil {
		f.t.Fatal(err)
	}
	if !slices.ContainsFunc(events.Items, func(e corev1.Event) bool { return e.Reason == reason }) {
		f.t.Errorf("Pod %s has no Event %s: %v", pod.Name, reason, events.Items)
	}
}

// series is what a replica's metrics were, each with its labels.
type series map[string]float64

func (s series) want(t *testing.T, name string, from, to float64) {
	t.Helper()
	if got, there := s[name]; !there || got < from || got > to {
		t.Errorf("%s is %v, want %v to %v", name, got, from, to)
	}
}

// serves finds the address of what a replica serves in its log.
var serves = regexp.MustCompile(`"Serving metrics" address="([^"]+)"`)

// scrape reads a replica's metrics.
func (f *fleet) scrape(name string) series {
	f.t.Helper()
	address := serves.FindStringSubmatch(f.live[name].said())
	if address == nil {
		f.t.Fatalf("%s does not say where it serves metrics", name)
	}
	answer, err := http.Get("http://" + address[1] + "/metrics")
	if err != nil {
		f.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		f.t.Fatalf("%v %v", answer.Status, err)
	}
	found := series{}
	for text := range strings.Lines(string(body)) {
		text = strings.TrimSpace(text)
		cut := strings.LastIndexByte(text, ' ')
		if strings.HasPrefix(text, "#") || cut < 0 {
			continue
		}
		if found[text[:cut]], err = strconv.ParseFloat(text[cut+1:], 64); err != nil {
			f.t.Errorf("%q: %v", text, err)
		}
	}
	return found
}
