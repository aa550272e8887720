package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/kindred-k8s/kindred/pkg/elect"
)

// Load is how the work of the kinds changes in a Day.
type Load string

// The patterns. In all but NoLoad kinds weigh what their owners measure, and kinds
// differ: most keep a tenth of a worker busy, some several workers.
const (
	// NoLoad: all kinds weigh the same.
	NoLoad Load = "none"
	// Noise: the load of every kind stays the same, and every ten seconds of it differ
	// by up to a half.
	Noise Load = "noise"
	// Shift is noise, and every hour one kind in twenty begins to do three times as much
	// as before, or a third.
	Shift Load = "shift"
	// Daily is noise, and the kinds are busy by day and not by night, each by its own
	// hours.
	Daily Load = "daily"
)

// Loads are all patterns.
var Loads = []Load{NoLoad, Noise, Shift, Daily}

func (l Load) validate() error {
	if slices.Contains(Loads, l) {
		return nil
	}
	names := make([]string, 0, len(Loads))
	for _, known := range Loads {
		names = append(names, string(known))
	}
	return fmt.Errorf("load is %q: use %s", l, strings.Join(names, ", "))
}

const (
	// loadEvery is how often replicas are told how busy their kinds were, all at once,
	// in samples of the length that the coordinator's have.
	loadEvery  = time.Minute
	loadSample = 10 * time.Second
)

// loads is the truth about the kinds' work.
type loads struct {
	pattern Load
	base    []float64 // workers kept busy
	phase   []float64
	rng     *rand.Rand // its own, so that a change here changes nothing else
	shifted time.Duration
}

func newLoads(d Day) *loads {
	if d.Load == NoLoad {
		return nil
	}
	l := &loads{pattern: d.Load, rng: rand.New(rand.NewPCG(d.Seed, 0x6c6f6164))}
	for range d.Kinds {
		busy := 0.05 + 0.1*l.rng.Float64()
		if l.rng.IntN(10) == 0 {
			busy = 0.5 + 1.5*l.rng.Float64()
		}
		l.base, l.phase = append(l.base, busy), append(l.phase, l.rng.Float64())
	}
	return l
}

// busy is the mean load of a kind at a time of the day, without the noise.
func (l *loads) busy(kind int, at time.Duration) float64 {
	if l.pattern == Daily {
		day := at.Hours()/24 + l.phase[kind]/4
		return l.base[kind] * (1 + 0.8*math.Sin(2*math.Pi*day))
	}
	return l.base[kind]
}

// measure tells every replica what its kinds did since the last time.
func (y *day) measure() {
	w, l := y.w, y.load
	at := w.now - warmUp
	if l.pattern == Shift && at >= l.shifted+time.Hour {
		l.shifted = at
		for range max(y.Kinds/20, 1) {
			kind := l.rng.IntN(y.Kinds)
			if l.rng.IntN(2) == 0 {
				l.base[kind] *= 3
			} else {
				l.base[kind] /= 3
			}
		}
	}
	for _, p := range w.procs {
		if !p.alive || p.core == nil {
			continue
		}
		for _, k := range p.kinds {
			if k.work == nil || !k.work.running {
				continue
			}
			mean := l.busy(k.index, at)
			for range loadEvery / loadSample {
				busy := mean * (0.5 + l.rng.Float64())
				p.queue = append(p.queue, elect.Load{Shard: k.shard, Busy: time.Duration(busy * float64(loadSample)), Over: loadSample})
			}
		}
		p.wakeUp()
	}
}
