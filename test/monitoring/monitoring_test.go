package monitoring

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"
)

const config = "../../config/monitoring"

// scraped are the labels that a scrape of Pods adds, and le of histograms.
var scraped = []string{"namespace", "pod", "le"}

// rules is what a rules file has, as far as it matters here.
type rules struct {
	Groups []struct {
		Name  string
		Rules []struct {
			Alert, Expr, For    string
			Labels, Annotations map[string]string
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// documented returns the metrics in docs/observe.md with their labels. A test in
// pkg/observe/metrics compares that table with what is registered.
func documented(t *testing.T) map[string][]string {
	t.Helper()
	metrics := map[string][]string{}
	row := regexp.MustCompile("(?m)^\\| `(kindred_[a-z_]+|leader_election_[a-z_]+)` \\| (gauge|counter|histogram) \\| ([^|]*) \\|")
	for _, match := range row.FindAllStringSubmatch(read(t, "../../docs/observe.md"), -1) {
		var of []string
		for _, label := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(match[3], -1) {
			of = append(of, label[1])
		}
		names := []string{match[1]}
		if match[2] == "histogram" {
			names = []string{match[1] + "_bucket", match[1] + "_sum", match[1] + "_count"}
		}
		for _, name := range names {
			metrics[name] = of
		}
	}
	if len(metrics) < 15 {
		t.Fatalf("docs/observe.md has a table of %d metrics", len(metrics))
	}
	return metrics
}

// check parses an expression and holds each metric and label in it to the table.
func check(t *testing.T, what, expr string, metrics map[string][]string) {
	t.Helper()
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		t.Errorf("%s: %v in %s", what, err, expr)
		return
	}
	var known []string // labels of any metric in the expression
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		selector, ok := node.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		of, exists := metrics[selector.Name]
		if !exists {
			t.Errorf("%s: there is no metric %s", what, selector.Name)
		}
		known = append(known, of...)
		for _, m := range selector.LabelMatchers {
			if m.Name != "__name__" && !slices.Contains(of, m.Name) && !slices.Contains(scraped, m.Name) {
				t.Errorf("%s: %s has no label %s", what, selector.Name, m.Name)
			}
		}
		return nil
	})
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		if by, ok := node.(*parser.AggregateExpr); ok {
			for _, label := range by.Grouping {
				if !slices.Contains(known, label) && !slices.Contains(scraped, label) {
					t.Errorf("%s: no metric in it has the label %s: %s", what, label, expr)
				}
			}
		}
		return nil
	})
}

// TestRules: every expression parses and names what exists, and every alert has a
// severity and its place in the runbook.
func TestRules(t *testing.T) {
	var all rules
	if err := yaml.UnmarshalStrict([]byte(read(t, filepath.Join(config, "kindred.rules.yaml"))), &all); err != nil {
		t.Fatal(err)
	}
	metrics, runbook := documented(t), read(t, "../../docs/runbook.md")
	reasons := read(t, "../../pkg/elect/reason.go")
	alerts := 0
	for _, group := range all.Groups {
		for _, rule := range group.Rules {
			alerts++
			check(t, rule.Alert, rule.Expr, metrics)
			if !slices.Contains([]string{"critical", "warning", "info"}, rule.Labels["severity"]) || rule.Annotations["summary"] == "" {
				t.Errorf("%s has the labels %v and the annotations %v", rule.Alert, rule.Labels, rule.Annotations)
			}
			want := "https://github.com/kindred-k8s/kindred/blob/main/docs/runbook.md#" + strings.ToLower(rule.Alert)
			if rule.Annotations["runbook_url"] != want || !strings.Contains(runbook, "\n## "+rule.Alert+"\n") {
				t.Errorf("%s: its runbook is %q, and it has to be a heading of docs/runbook.md", rule.Alert, rule.Annotations["runbook_url"])
			}
			for _, match := range regexp.MustCompile(`reason=~?"([A-Za-z|]+)"`).FindAllStringSubmatch(rule.Expr, -1) {
				for _, reason := range strings.Split(match[1], "|") {
					if !strings.Contains(reasons, "\t"+reason+" Reason = ") {
						t.Errorf("%s: there is no reason %s", rule.Alert, reason)
					}
				}
			}
		}
	}
	if alerts == 0 {
		t.Error("there are no alerts")
	}
	for _, heading := range regexp.MustCompile(`(?m)^## (Kindred\w+)$`).FindAllStringSubmatch(runbook, -1) {
		if !strings.Contains(read(t, filepath.Join(config, "kindred.rules.yaml")), "alert: "+heading[1]+"\n") {
			t.Errorf("docs/runbook.md is about %s, which is no alert", heading[1])
		}
	}
}

// TestDashboard: every panel has expressions that parse and name what exists.
func TestDashboard(t *testing.T) {
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
		Templating struct {
			List []struct{ Name string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, filepath.Join(config, "kindred.dashboard.json"))), &dashboard); err != nil {
		t.Fatal(err)
	}
	metrics := documented(t)
	for _, panel := range dashboard.Panels {
		if len(panel.Targets) == 0 {
			t.Errorf("panel %q shows nothing", panel.Title)
		}
		for _, target := range panel.Targets {
			check(t, panel.Title, strings.ReplaceAll(target.Expr, "$__rate_interval", "5m"), metrics)
		}
	}
	if len(dashboard.Panels) < 10 || len(dashboard.Templating.List) != 3 {
		t.Errorf("%d panels, %d variables", len(dashboard.Panels), len(dashboard.Templating.List))
	}
}
