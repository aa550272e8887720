package informer_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"

	"github.com/kindred-k8s/kindred/pkg/adapter/informer"
)

func TestNewReportsEverythingAtOnce(t *testing.T) {
	_, err := informer.New(informer.Options{Workers: -1})
	if err == nil {
		t.Fatal("New took options that are all wrong")
	}
	for _, part := range []string{"name is empty", "informer and newInformer are nil", "reconcile is nil", "workers is -1"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %q: %v", part, err)
		}
	}
}

func TestRateLimiterIsMadeForEachTerm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		made := 0
		h := newHarness(t, func(o *informer.Options) {
			o.RateLimiter = func() workqueue.TypedRateLimiter[cache.ObjectName] {
				made++
				return workqueue.NewTypedItemExponentialFailureRateLimiter[cache.ObjectName](time.Second, time.Minute)
			}
		})
		standby := h.standby()
		h.begin(1).stop()
		h.begin(2).stop()
		standby.stop()
		if made != 2 {
			t.Errorf("%d rate limiters were made for two terms", made)
		}
	})
}
