package fence_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kindred-k8s/kindred/pkg/fence"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// TestTell: each write that the end of a term meets is told once, and no other.
func TestTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		f := fence.New(lease.Term{UID: "u1"}, time.Now().Add(time.Minute))
		f.Tell(func(e *fence.DeposedError) {
			told = append(told, fmt.Sprint(e.Method, " sent: ", e.Sent, ", ", e.Reason))
		})
		ctx := fence.NewContext(t.Context(), f)
		if err := write(ctx, server{}); err != nil {
			t.Fatal(err)
		}
		cut := make(chan error, 1)
		go func() { cut <- write(ctx, server{takes: time.Hour}) }()
		synctest.Wait()
		f.End("over")
		if err := <-cut; err == nil {
			t.Error("the write that was under way was carried out")
		}
		if err := write(ctx, server{}); err == nil {
			t.Error("the write after the end was carried out")
		}
		want := []string{"PUT sent: true, over", "PUT sent: false, over"}
		if !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
	})
}
