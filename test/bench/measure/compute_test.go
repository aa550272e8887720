package measure

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kindred-k8s/kindred/test/bench/journal"
	"github.com/kindred-k8s/kindred/test/bench/replica"
)

var epoch = time.Unix(1000, 0)

func at(seconds float64) time.Time {
	return epoch.Add(time.Duration(seconds * float64(time.Second)))
}

func same(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
		t.Error(diff)
	}
}

// run is a stretch; to is zero for one that goes on.
func run(kind, replica string, from, to float64) journal.Stretch {
	s := journal.Stretch{Kind: kind, Replica: replica, From: at(from)}
	if to != 0 {
		s.To = at(to)
	}
	return s
}

func TestSample(t *testing.T) {
	var times []time.Duration
	for i := range 200 {
		times = append(times, time.Duration(200-i)*time.Second)
	}
	same(t, Sample{N: 200, Least: 1, Median: 100, P99: 198, Most: 200}, sampleOf(times))
	same(t, Sample{N: 1, Least: 3, Median: 3, P99: 3, Most: 3}, sampleOf([]time.Duration{3 * time.Second}))
	same(t, Sample{}, sampleOf(nil))
}

func TestMedian(t *testing.T) {
	same(t, 2.0, median([]float64{3, 1, 2}))
	same(t, 2.5, median([]float64{4, 1, 2, 3}))
	same(t, 0.0, median(nil))
	var values []float64
	for i := range 99 {
		values = append(values, float64(99-i))
	}
	low, high := likely(values) // its rank is 50, and 0.98 roots of 99 are 9.75
	same(t, []float64{40, 60}, []float64{low, high})
	low, high = likely([]float64{7, 5})
	same(t, []float64{5, 7}, []float64{low, high})
}

func TestScrape(t *testing.T) {
	s, err := parseScrape([]byte(`# TYPE apiserver_request_total counter
apiserver_request_total{code="200",resource="leases",verb="GET"} 4
apiserver_request_total{code="404",resource="leases",verb="GET"} 2
apiserver_request_total{code="200",resource="leases",verb="PUT"} 1
apiserver_request_total{code="200",resource="pods",verb="GET"} 9
# TYPE apiserver_watch_events_total counter
apiserver_watch_events_total{group="coordination.k8s.io",resource="leases",version="v1"} 7
apiserver_watch_events_total{group="",resource="pods",version="v1"} 9
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 2.5
`))
	if err != nil {
		t.Fatal(err)
	}
	same(t, map[string]float64{"GET": 6, "PUT": 1}, s.requests)
	same(t, []float64{7, 2.5}, []float64{s.watched, s.cpu})
	if _, err := parseScrape([]byte("# TYPE other counter\nother 1\n")); err == nil || !strings.Contains(err.Error(), "apiserver_request_total") {
		t.Errorf("metrics of something else: %v", err)
	}
}

func TestIdleRow(t *testing.T) {
	before := scrape{at: at(0), requests: map[string]float64{"GET": 10, "PUT": 5}, watched: 100, cpu: 1}
	after := scrape{at: at(20), requests: map[string]float64{"GET": 10, "PUT": 45, "POST": 2}, watched: 300, cpu: 2}
	row := idleRow(IdleRow{System: "x"}, before, after, replica.Report{CPU: time.Second}, replica.Report{CPU: 2 * time.Second})
	same(t, IdleRow{System: "x", Seconds: 20, Requests: map[string]float64{"PUT": 2, "POST": 0.1}, Watched: 10, ServerCPU: 3, ReplicaCPU: 3}, row)
	same(t, 2.1, row.total())
}

func TestSpreadRow(t *testing.T) {
	all := []journal.Stretch{run("X", "a", 1, 2), run("Y", "a", 1, 0), run("X", "b", 3, 0), run("Z", "a", 1, 0)}
	same(t, SpreadRow{System: "x", Owned: []int{2, 1, 0}}, spreadRow("x", all, []string{"a", "b", "c"}, at(9)))
}

func TestColdTimes(t *testing.T) {
	all := []journal.Stretch{run("X", "a", 1, 4), run("Y", "a", 2, 0), run("X", "b", 5, 0)}
	kinds := []string{"X", "Y"}
	same(t, at(2), reconciledAt(all, kinds))
	same(t, time.Time{}, reconciledAt(all, []string{"X", "Z"}))
	same(t, at(5), balancedAt(all, kinds, []string{"a", "b"}))
	same(t, time.Time{}, balancedAt(all[:2], kinds, []string{"a", "b"}))
	// Even for a moment is not balanced.
	lost := append(all, run("Y", "b", 6, 0))
	lost[1].To = at(5.5)
	same(t, time.Time{}, balancedAt(lost, kinds, []string{"a", "b"}))
}

func TestColdRowNeverBalanced(t *testing.T) {
	rounds := []ColdRow{{Reconciled: 1, Balanced: 5}, {Reconciled: 3}, {Reconciled: 2, Balanced: 7}}
	same(t, ColdRow{System: "x", Rounds: 3, Reconciled: 2}, coldRow("x", rounds))
	same(t, ColdRow{System: "x", Rounds: 1, Reconciled: 1, Balanced: 5}, coldRow("x", rounds[:1]))
}

func TestRollingRow(t *testing.T) {
	all := []journal.Stretch{run("X", "a", 1, 13), run("Y", "a", 1, 13), run("X", "b", 10, 0), run("Y", "b", 15, 0)}
	same(t, RollingRow{System: "x", Moves: 2, Uncovered: 2, LongestUncovered: 2, Overlaps: 1, Doubled: 3},
		rollingRow(RollingRow{System: "x"}, all, []string{"X", "Y"}, at(5), at(20)))
}

func TestMemoryRow(t *testing.T) {
	one := replica.Report{HeapBytes: 1000, StackBytes: 100, Goroutines: 10}
	many := replica.Report{HeapBytes: 3000, StackBytes: 400, Goroutines: 30, RSSBytes: 9000}
	same(t, MemoryRow{System: "x", Owner: true, Kinds: 11, Heap: 200, Stacks: 30, Goroutines: 2, RSS: 9000, HeapAll: 3000},
		memoryRow("x", true, 11, one, many))
}

func TestThroughputRatios(t *testing.T) {
	d := ThroughputData{Rounds: []map[string]float64{{"by itself": 100, "coordinator": 90}, {"by itself": 200, "coordinator": 220}}}
	same(t, []float64{0.9, 1.1}, d.ratios("coordinator"))
	same(t, []float64{90, 220}, d.rates("coordinator"))
}

func TestPlanRows(t *testing.T) {
	rows, err := planRows([]byte(`goos: linux
BenchmarkPlan/even/5x5/fresh-2         	  100000	     11000 ns/op	    8000 B/op	      50 allocs/op
BenchmarkPlan/even/500x5/fresh-2       	     100	   1100000 ns/op	  800000 B/op	    5000 allocs/op
PASS
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []PlanRow{
		{State: "fresh", Kinds: 5, Replicas: 5, Seconds: 11e-6, Allocations: 50, Bytes: 8000},
		{State: "fresh", Kinds: 500, Replicas: 5, Seconds: 1100e-6, Allocations: 5000, Bytes: 800000},
	}
	same(t, want, rows)
	same(t, 1.0, exponent(rows[0], rows[1]))
	if _, err := planRows([]byte("PASS\n")); err == nil {
		t.Error("no result is no error")
	}
}
