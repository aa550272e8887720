package simulate

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kindred-k8s/kindred/pkg/sim"
)

// The picture has a line for each kind, from left to right through the time, in the
// colour of its owner. It is written by hand: shapes in one format need no library.
const (
	width, height           = 1000, 560
	left, right, top, below = 60, 20, 56, 44
)

// colours are told apart on white and on black. Replicas share them.
var colours = []string{"#3b82f6", "#f97316", "#10b981", "#e11d75", "#8b5cf6", "#ca8a04", "#0891b2", "#84a310"}

func plot(out io.Writer, r sim.Report) error {
	w := bufio.NewWriter(out)
	days := r.Day
	x := func(t time.Duration) float64 {
		return left + (width-left-right)*t.Seconds()/days.Length.Seconds()
	}
	row := float64(height-top-below) / float64(days.Kinds)
	y := func(kind int) float64 { return top + row*(float64(kind)+0.5) }

	title := fmt.Sprintf("%d kinds, %d replicas: who owned what in %g hours", days.Kinds, days.Replicas, days.Length.Hours())
	subtitle := fmt.Sprintf("%d rolling updates, %d crashes, load %s, seed %d: %d moves. A line is a kind, a colour its owner.", r.Rollouts, r.Crashes, days.Load, days.Seed, r.Moves)
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s">`+"\n", width, height, title)
	fmt.Fprint(w, `<style>
  svg { background: #ffffff; font: 13px system-ui, sans-serif }
  text { fill: #1f2328 }
  .quiet { fill: #59636e }
  .axis { stroke: #8b949e; stroke-width: 1 }
  @media (prefers-color-scheme: dark) {
    svg { background: #0d1117 }
    text { fill: #e6edf3 }
    .quiet { fill: #9198a1 }
  }
</style>
`)
	fmt.Fprintf(w, `<text x="%d" y="22" font-size="16">%s</text>`+"\n", left, title)
	fmt.Fprintf(w, `<text x="%d" y="42" class="quiet">%s</text>`+"\n", left, subtitle)

	lines := map[string]*strings.Builder{}
	for _, span := range r.Spans {
		colour := colours[ordinal(span.Replica)%len(colours)]
		if lines[colour] == nil {
			lines[colour] = &strings.Builder{}
		}
		fmt.Fprintf(lines[colour], "M%s %sH%s", number(x(span.From)), number(y(span.Kind)), number(x(span.To)))
	}
	for _, colour := range slices.Sorted(maps.Keys(lines)) {
		fmt.Fprintf(w, `<path d="%s" stroke="%s" stroke-width="%s" fill="none"/>`+"\n", lines[colour], colour, number(max(row*0.9, 0.4)))
	}
	fmt.Fprintf(w, `<path class="axis" d="M%d %dV%dH%d" fill="none"/>`+"\n", left, top, height-below, width-right)
	for i := range 9 {
		at := days.Length * time.Duration(i) / 8
		fmt.Fprintf(w, `<text x="%s" y="%d" text-anchor="middle">%s</text>`+"\n", number(x(at)), height-below+18, number(at.Hours()))
	}
	fmt.Fprintf(w, `<text x="%d" y="%d" text-anchor="middle" class="quiet">hours</text>`+"\n", (left+width-right)/2, height-below+36)
	fmt.Fprintf(w, `<text x="%d" y="%d" text-anchor="end">1</text><text x="%d" y="%d" text-anchor="end">%d</text>`+"\n", left-8, top+10, left-8, height-below, days.Kinds)
	fmt.Fprintf(w, `<text class="quiet" text-anchor="middle" transform="translate(%d %d) rotate(-90)">kinds</text>`+"\n", left-30, (top+height-below)/2)
	fmt.Fprintln(w, "</svg>")
	return w.Flush()
}

// ordinal is the number at the end of a replica's name.
func ordinal(replica string) int {
	_, digits, _ := strings.Cut(replica, "-")
	n, _ := strconv.Atoi(digits)
	return n
}

// number writes a coordinate with no more digits than can be seen.
func number(f float64) string {
	return strconv.FormatFloat(float64(int64(f*100+0.5))/100, 'f', -1, 64)
}
