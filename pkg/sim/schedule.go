package sim

import (
	"cmp"
	"math/bits"
	"slices"
	"time"
)

// schedule is the queue of what is going to happen, by virtual time. Two things
// at one time happen in the order in which they were scheduled.
type schedule struct {
	now   time.Duration
	count uint64
	heap  []entry
}

type entry struct {
	at  time.Duration
	seq uint64
	do  func()
	// fixed entries stay where they are when the time leaps.
	fixed bool
}

func (e entry) before(o entry) bool { return e.at < o.at || e.at == o.at && e.seq < o.seq }

// at schedules do; a time that has passed means now.
func (s *schedule) at(t time.Duration, do func()) { s.add(t, do, false) }

func (s *schedule) add(t time.Duration, do func(), fixed bool) {
	s.count++
	s.heap = append(s.heap, entry{max(t, s.now), s.count, do, fixed})
	for i := len(s.heap) - 1; i > 0; {
		parent := (i - 1) / 2
		if !s.heap[i].before(s.heap[parent]) {
			return
		}
		s.heap[i], s.heap[parent] = s.heap[parent], s.heap[i]
		i = parent
	}
}

// leap takes the time forward by d, and everything that is not fixed with it. It
// must not go past a fixed entry.
func (s *schedule) leap(d time.Duration) {
	s.now += d
	for i := range s.heap {
		if !s.heap[i].fixed {
			s.heap[i].at += d
		}
	}
	slices.SortFunc(s.heap, func(a, b entry) int { // what is sorted is a heap
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq))
	})
}

// nextFixed returns when the first fixed entry is, or end if there is none before.
func (s *schedule) nextFixed(end time.Duration) time.Duration {
	for _, e := range s.heap {
		if e.fixed {
			end = min(end, e.at)
		}
	}
	return end
}

func (s *schedule) after(d time.Duration, do func()) { s.at(s.now+d, do) }

// next takes the earliest entry and moves the time there; false when there is
// none before the end.
func (s *schedule) next(end time.Duration) (func(), bool) {
	if len(s.heap) == 0 || s.heap[0].at > end {
		return nil, false
	}
	first := s.heap[0]
	last := len(s.heap) - 1
	s.heap[0] = s.heap[last]
	s.heap[last] = entry{}
	s.heap = s.heap[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if s.heap[child].before(s.heap[least]) {
				least = child
			}
		}
		if least == i {
			break
		}
		s.heap[i], s.heap[least] = s.heap[least], s.heap[i]
		i = least
	}
	s.now = first.at
	return first.do, true
}

// clock is a process's own: it starts anywhere and runs at its own speed.
type clock struct {
	base time.Time
	// ppm is how much faster than true time it runs, in millionths.
	ppm int64
}

const million = 1_000_000

// at returns what the clock shows at a virtual time.
func (c clock) at(now time.Duration) time.Time {
	return c.base.Add(scale(now, million+c.ppm, million))
}

// when returns the virtual time at which the clock shows t, or a nanosecond later.
func (c clock) when(t time.Time) time.Duration {
	return scale(t.Sub(c.base), million, million+c.ppm) + 1
}

// scale returns d times n over m, also where d times n does not fit in 64 bits, as
// that of three hours does not.
func scale(d time.Duration, n, m int64) time.Duration {
	if d < 0 {
		return -scale(-d, n, m)
	}
	hi, lo := bits.Mul64(uint64(d), uint64(n))
	q, _ := bits.Div64(hi, lo, uint64(m))
	return time.Duration(q)
}
