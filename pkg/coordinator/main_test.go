package coordinator_test

import (
	"os"
	"testing"

	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
)

// TestMain takes away apimachinery's throttle of reported errors. It remembers
// the real time of the last error, and in virtual time, which begins in the year
// 2000, it would sleep until then.
func TestMain(m *testing.M) {
	utilruntime.ErrorHandlers = nil
	os.Exit(m.Run())
}
