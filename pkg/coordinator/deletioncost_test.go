package coordinator

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// What is written is the latest number, once, and again when it fails.
func TestDeletionCostIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var written, problems []int
		var fails atomic.Bool
		d := &deletionCost{wanted: make(chan int, 1), set: func(_ context.Context, kinds int) error {
			time.Sleep(200 * time.Millisecond)
			written = append(written, kinds)
			if fails.Load() {
				return errors.New("no")
			}
			return nil
		}}
		done := make(chan struct{})
		go func() {
			defer close(done)
			d.keep(ctx, 2*time.Second, func(_ string, err error) {
				if err != nil {
					problems = append(problems, 1)
				}
			})
		}()
		for _, kinds := range []int{0, 0, 1, 2, 3, 3} { // faster than they can be written
			d.want(kinds)
			time.Sleep(30 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if want := []int{0, 3}; !slices.Equal(written, want) {
			t.Errorf("written %v, want %v", written, want)
		}
		written = nil
		fails.Store(true)
		d.want(1)
		time.Sleep(5*time.Second + 300*time.Millisecond)
		synctest.Wait()
		fails.Store(false)
		time.Sleep(time.Minute)
		synctest.Wait()
		if want := []int{1, 1, 1, 1}; !slices.Equal(written, want) || len(problems) != 3 {
			t.Errorf("written %v with %d problems, want %v and 3", written, len(problems), want)
		}
		cancel()
		<-done
	})
}
