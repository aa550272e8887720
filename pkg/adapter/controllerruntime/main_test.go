package controllerruntime_test

import (
	"testing"

	"github.com/go-logr/logr"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"go.uber.org/goleak"
)

// TestMain takes away apimachinery's throttle of reported errors. It remembers the
// real time of the last error, and in virtual time, which begins in the year 2000,
// it would sleep until then.
func TestMain(m *testing.M) {
	utilruntime.ErrorHandlers = nil
	klog.SetLogger(logr.Discard())
	log.SetLogger(logr.Discard())
	goleak.VerifyTestMain(m)
}
