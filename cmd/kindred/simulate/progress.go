package simulate

import (
	"fmt"
	"io"
	"time"

	"github.com/kindred-k8s/kindred/cmd/kindred/screen"
)

// progress shows how far the simulation is: on a terminal a line that changes, and
// otherwise a line every ten seconds.
type progress struct {
	out      io.Writer
	terminal bool
	length   time.Duration
	began    time.Time
	shown    time.Time
	done     time.Duration
}

func newProgress(out io.Writer, length time.Duration) *progress {
	now := time.Now()
	return &progress{out: out, terminal: screen.Of(out) != nil, length: length, began: now, shown: now}
}

func (p *progress) at(done time.Duration) {
	p.done = done.Round(time.Second)
	every := 10 * time.Second
	if p.terminal {
		every = 200 * time.Millisecond
	}
	now := time.Now()
	if now.Sub(p.shown) < every {
		return
	}
	p.shown = now
	line := fmt.Sprintf("%s of %s simulated, %.0f %%, after %s", p.done, p.length, 100*done.Seconds()/p.length.Seconds(), now.Sub(p.began).Round(time.Second))
	if p.terminal {
		fmt.Fprintf(p.out, "\r\x1b[K%s", line)
		return
	}
	fmt.Fprintln(p.out, line)
}

// end takes the line away.
func (p *progress) end() {
	if p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
