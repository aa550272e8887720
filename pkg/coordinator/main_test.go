package coordinator_test

import (
	"os"
	"testing"

	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/tools/leaderelection"
)

// TestMain takes away apimachinery's throttle of reported errors. It remembers
// the real time of the last error, and in virtual time, which begins in the year
// 2000, it would sleep until then.
func TestMain(m *testing.M) {
	utilruntime.ErrorHandlers = nil
	leaderelection.SetProvider(electorMetrics)
	os.Exit(m.Run())
}
