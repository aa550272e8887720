package cluster

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// progress reports on a compilation: on a terminal one line that is written over every second, elsewhere a line now and
// then.
type progress struct {
	out      io.Writer
	what     string
	total    int
	terminal bool
	every    time.Duration
	began    time.Time

	mu   sync.Mutex
	done int

	quit, ended chan struct{}
}

func newProgress(out io.Writer, what string, total int) *progress {
	p := &progress{out: out, what: what, total: total, every: 10 * time.Second, began: time.Now(),
		quit: make(chan struct{}), ended: make(chan struct{})}
	if file, ok := out.(*os.File); ok {
		if _, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ); err == nil {
			p.terminal, p.every = true, time.Second
		}
	}
	return p
}

func (p *progress) start() {
	fmt.Fprintf(p.out, "compiling %s, %d packages; the first time takes minutes\n", p.what, p.total)
	go func() {
		defer close(p.ended)
		tick := time.NewTicker(p.every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.line()
			case <-p.quit:
				return
			}
		}
	}()
}

// stop returns when nothing more will be written.
func (p *progress) stop() {
	close(p.quit)
	<-p.ended
	if p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

func (p *progress) compiled() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
}

// line says "of at most": packages that the build cache has already are never counted.
func (p *progress) line() {
	p.mu.Lock()
	done := p.done
	p.mu.Unlock()
	text := fmt.Sprintf("compiled %d packages of at most %d, %s", done, p.total, p.elapsed())
	if p.terminal {
		fmt.Fprintf(p.out, "\r\x1b[K%s", text)
	} else {
		fmt.Fprintln(p.out, text)
	}
}

func (p *progress) finished() {
	if p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
	fmt.Fprintf(p.out, "compiled %s in %s\n", p.what, p.elapsed())
}

func (p *progress) elapsed() time.Duration { return time.Since(p.began).Round(time.Second) }
