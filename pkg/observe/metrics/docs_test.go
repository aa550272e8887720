package metrics_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// TestDocumented: the table in docs/observe.md has every metric that there is, with
// its type and its labels, and no other.
func TestDocumented(t *testing.T) {
	text, err := os.ReadFile("../../../docs/observe.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	row := regexp.MustCompile("(?m)^\\| `(kindred_[a-z_]+)` \\| (\\w+) \\| ([^|]*) \\|")
	for _, match := range row.FindAllStringSubmatch(string(text), -1) {
		labels := strings.Split(strings.ReplaceAll(match[3], "`", ""), ", ")
		slices.Sort(labels)
		documented = append(documented, fmt.Sprint(match[1], " ", match[2], " ", labels))
	}
	families, err := full(t).Gather()
	if err != nil {
		t.Fatal(err)
	}
	var there []string
	for _, family := range families {
		var labels []string
		for _, pair := range family.Metric[0].Label {
			labels = append(labels, pair.GetName())
		}
		slices.Sort(labels)
		there = append(there, fmt.Sprint(family.GetName(), " ", strings.ToLower(family.GetType().String()), " ", labels))
	}
	slices.Sort(documented)
	if !slices.Equal(documented, there) {
		t.Errorf("documented\n%s\nthere\n%s", strings.Join(documented, "\n"), strings.Join(there, "\n"))
	}
	// full has a series of each metric: one that has none would not be compared.
	described := make(chan *prometheus.Desc, 100)
	everything.Describe(described)
	if len(described) != len(there) {
		t.Errorf("%d metrics are described, and %d have a series", len(described), len(there))
	}
}
