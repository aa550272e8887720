package oldlock_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/oldlock"
)

// lasting sets a replica's lease duration.
func lasting(d time.Duration) func(*replica, *oldlock.Options) {
	return func(_ *replica, o *oldlock.Options) { o.Timing.LeaseDuration = d }
}

// An old elector may wait for its own duration only. So a longer one is refused while
// an old replica has the lock, and also when it had it last.
func TestLongerThanTheOldVersion(t *testing.T) {
	for name, prepare := range map[string]func(old *replica){
		"held":    func(*replica) {},
		"expired": func(old *replica) { old.crash(); time.Sleep(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(w *world) {
				old := w.old("old-0", false)
				time.Sleep(5 * time.Second)
				prepare(old)
				workers := w.workers()
				a := w.new("new-0", lasting(timing.LeaseDuration+time.Second))
				time.Sleep(time.Second) // less than a retry period
				select {
				case <-a.done:
				default:
					t.Error("the replica waits")
					a.cancel()
					<-a.done
				}
				if !errors.Is(a.err, oldlock.ErrTooLong) {
					t.Errorf("Hold returned %v, want ErrTooLong", a.err)
				}
				for _, part := range []string{"default/op-lock", "old-0", "lasts 15s", "16s", "set it to 15s or less"} {
					if !strings.Contains(fmt.Sprint(a.err), part) {
						t.Errorf("the error does not say %q: %v", part, a.err)
					}
				}
				w.want(workers...)
				_ = old.stop()
			})
		})
	}
}

// What is as long or shorter is taken, and what a release leaves says nothing.
func TestAsLongAsTheOldVersion(t *testing.T) {
	for name, test := range map[string]struct {
		lasts   time.Duration
		release bool
	}{
		"as long":                 {timing.LeaseDuration, false},
		"shorter":                 {timing.LeaseDuration - time.Second, false},
		"longer than a release":   {timing.LeaseDuration, true},
		"longer, after a release": {timing.LeaseDuration + time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(w *world) {
				old := w.old("old-0", test.release)
				time.Sleep(5 * time.Second)
				if test.lasts > timing.LeaseDuration {
					_ = old.stop()
				}
				a := w.new("new-0", lasting(test.lasts))
				time.Sleep(5 * time.Second)
				_ = old.stop()
				time.Sleep(timing.LeaseDuration + timing.RetryPeriod)
				w.want("new-0")
				if err := a.stop(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
