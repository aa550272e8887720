package measure

import (
	"context"
	"fmt"
	"math"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"golang.org/x/tools/benchmark/parse"

	"github.com/kindred-k8s/kindred/test/bench/report"
)

var plan = define(Measurement{
	Name: "plan", Title: "The plan",
	Takes: time.Minute, Quick: 8 * time.Second,
}, runPlan, planTables, planPlots)

// module is where the benchmarks are.
const module = "github.com/kindred-k8s/kindred"

// PlanRow is one result of BenchmarkPlan in pkg/assign.
type PlanRow struct {
	State       string  `json:"state"`
	Kinds       int     `json:"kinds"`
	Replicas    int     `json:"replicas"`
	Seconds     float64 `json:"seconds"`
	Allocations float64 `json:"allocations"`
	Bytes       float64 `json:"bytes"`
}

// runPlan runs the benchmark that is beside the code.
func runPlan(ctx context.Context, b *Bench) ([]PlanRow, error) {
	b.Say("BenchmarkPlan in pkg/assign")
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return nil, fmt.Errorf("finding the module %s: %w", module, err)
	}
	out, err := exec.CommandContext(ctx, "go", "-C", strings.TrimSpace(string(root)), "test", "./pkg/assign",
		"-run", "^$", "-bench", "^BenchmarkPlan$/^even$", "-benchtime", pick(b, "1x", "300ms")).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("BenchmarkPlan: %w: %s", err, out)
	}
	return planRows(out)
}

// planRows reads what go test prints.
func planRows(out []byte) ([]PlanRow, error) {
	var rows []PlanRow
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "Benchmark") {
			continue // it prints more than results
		}
		result, err := parse.ParseLine(line)
		if err != nil {
			return nil, fmt.Errorf("BenchmarkPlan printed %q: %w", line, err)
		}
		row := PlanRow{Seconds: result.NsPerOp / 1e9, Allocations: float64(result.AllocsPerOp), Bytes: float64(result.AllocedBytesPerOp)}
		// BenchmarkPlan/even/50x20/settled-2
		parts := strings.Split(result.Name, "/")
		if len(parts) == 4 {
			_, err = fmt.Sscanf(parts[2], "%dx%d", &row.Kinds, &row.Replicas)
			row.State = procs.ReplaceAllString(parts[3], "")
		}
		if err != nil || row.State == "" || row.Seconds == 0 {
			return nil, fmt.Errorf("BenchmarkPlan: the result %q is not one of its", line)
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("BenchmarkPlan printed no result: %s", out)
	}
	return rows, nil
}

// procs is what go test adds to a name: GOMAXPROCS, unless it is one.
var procs = regexp.MustCompile(`-[0-9]+$`)

// exponent returns with which power of the product of kinds and replicas the time
// grows from one row to another.
func exponent(a, b PlanRow) float64 {
	return math.Log(b.Seconds/a.Seconds) / math.Log(float64(b.Kinds*b.Replicas)/float64(a.Kinds*a.Replicas))
}

func planTables(rows []PlanRow) []report.Table {
	t := report.Table{
		Title:   "Who should own what, computed anew",
		Columns: []string{"fleet", "kinds × replicas", "time", "grows as (kinds · replicas) to the", "allocations", "memory"},
		Note:    "fresh: nobody owns anything. settled: as the plan is. one-dies: a replica has gone. one-has-all: one replica owns everything. Every replica computes it when who is there, or who owns what, has changed; not for a renewal.",
	}
	before := map[string]PlanRow{}
	for _, r := range rows {
		grows := "–"
		if last, ok := before[r.State]; ok {
			grows = report.Number(exponent(last, r))
		}
		before[r.State] = r
		t.Rows = append(t.Rows, []string{
			r.State, fmt.Sprintf("%d × %d", r.Kinds, r.Replicas), report.Seconds(r.Seconds), grows, report.Number(r.Allocations), report.Bytes(r.Bytes),
		})
	}
	return []report.Table{t}
}

func planPlots(rows []PlanRow) []report.Plot {
	p := report.Plot{File: "bench-plan.svg", Title: "Time for a plan", X: "kinds · replicas", Y: "seconds", Lines: true}
	for _, r := range rows {
		p.AddAt(r.State, float64(r.Kinds*r.Replicas), r.Seconds)
	}
	return []report.Plot{p}
}
