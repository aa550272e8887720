package oldlock_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// TestRandomRollouts: old and new replicas come, leave, crash and are cut off, in any
// order, with an API server that is slow and loses answers. The world fails the test
// when an old one ever works beside another.
func TestRandomRollouts(t *testing.T) {
	var forward, back int
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			inBubble(t, func(w *world) {
				f, b := w.randomLife(rand.New(rand.NewPCG(seed, 0)))
				forward, back = forward+f, back+b
			})
		})
	}
	// What never happens is not tested.
	if t.Logf("the lock went from old to new %d times, and back %d times", forward, back); forward < 30 || back < 30 {
		t.Error("that is too seldom for the number of lives")
	}
}

// randomLife returns how often the lock went from old replicas to new ones, and back.
func (w *world) randomLife(random *rand.Rand) (forward, back int) {
	alive, was := map[string]*replica{}, ""
	var leaving sync.WaitGroup
	defer leaving.Wait()
	for step := range 120 {
		name := fmt.Sprintf("%d", random.IntN(6))
		r := alive[name]
		switch choice := random.IntN(10); {
		case r == nil && choice < 5:
			alive[name] = w.old(fmt.Sprintf("old-%s-%d", name, step), false)
		case r == nil:
			alive[name] = w.new(fmt.Sprintf("new-%s-%d", name, step))
		case choice < 3:
			leaving.Go(func() { _ = r.stop() }) // ErrLost, if it has been cut off
			delete(alive, name)
		case choice < 5:
			leaving.Go(r.crash)
			delete(alive, name)
		case choice < 7:
			r.breakWith(leaseapi.Fault{Hang: true})
		case choice < 8:
			r.breakWith(leaseapi.Fault{LoseAnswer: true})
		case choice < 9:
			r.breakWith(leaseapi.Fault{Delay: time.Duration(random.IntN(6000)) * time.Millisecond})
		default:
			r.breakWith(leaseapi.Fault{})
		}
		time.Sleep(time.Duration(random.IntN(8000)) * time.Millisecond)
		for name, r := range alive { // Kubernetes starts what has ended anew
			select {
			case <-r.done:
				delete(alive, name)
			default:
			}
		}
		if workers := w.workers(); len(workers) > 0 {
			now := workers[0][:3]
			if was == "old" && now == "new" {
				forward++
			} else if was == "new" && now == "old" {
				back++
			}
			was = now
		}
	}
	for _, r := range alive {
		r.breakWith(leaseapi.Fault{})
		_ = r.stop()
	}
	return forward, back
}
