package main

import (
	"fmt"
	"os"
	"time"

	"github.com/kindred-k8s/kindred/test/bench/measure"
)

// progress says on stderr how far it is and about how long it will still take.
type progress struct {
	chosen []measure.Measurement
	quick  bool
	began  time.Time
	now    int
	since  time.Time
}

func newProgress(chosen []measure.Measurement, quick bool) *progress {
	return &progress{chosen: chosen, quick: quick, began: time.Now()}
}

func (p *progress) takes(m measure.Measurement) time.Duration {
	if p.quick {
		return m.Quick
	}
	return m.Takes
}

func (p *progress) begin(i int) {
	p.now, p.since = i, time.Now()
	m := p.chosen[i]
	fmt.Fprintf(os.Stderr, "\n[%d/%d] %s: %s, about %v\n", i+1, len(p.chosen), m.Name, m.Title, p.takes(m))
}

func (p *progress) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "  %s  %s (about %v left)\n", time.Now().Format("15:04:05"), fmt.Sprintf(format, args...), p.left().Round(time.Second))
}

// left is about how long all will still take.
func (p *progress) left() time.Duration {
	left := max(p.takes(p.chosen[p.now])-time.Since(p.since), 0)
	for _, m := range p.chosen[p.now+1:] {
		left += p.takes(m)
	}
	return left
}

func (p *progress) end() {
	fmt.Fprintf(os.Stderr, "\nmeasured in %v\n", time.Since(p.began).Round(time.Second))
}
