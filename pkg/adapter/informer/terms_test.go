package informer_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/cache"
)

func TestEveryTermBeginsWithAllObjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		h.source.Add(configMap("a"))
		h.source.Add(configMap("b"))
		standby := h.standby()
		h.want() // a standby reconciles nothing

		first := h.begin(1)
		h.want(call{"a", 1}, call{"b", 1})
		first.stop()

		h.source.Add(configMap("c")) // nobody owns the kind
		h.want()

		second := h.begin(2)
		h.want(call{"a", 2}, call{"b", 2}, call{"c", 2})
		second.stop()
		standby.stop()
	})
}

func TestEventsDuringTheTerm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		standby := h.standby()
		run := h.begin(1)
		h.want()

		h.source.Add(configMap("a"))
		h.want(call{"a", 1})
		h.source.Modify(configMap("a"))
		h.want(call{"a", 1})
		h.source.Delete(configMap("a"))
		h.want(call{"a", 1})
		if _, found, _ := h.informer.GetStore().GetByKey("ns/a"); found {
			t.Error("the deleted object is still in the cache when it is reconciled")
		}

		run.stop()
		h.source.Add(configMap("b"))
		h.want() // nothing is reconciled after Run has returned
		standby.stop()
	})
}

func TestRunWaitsForTheCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		h.source.Add(configMap("a"))
		run := h.begin(1) // before Standby
		h.want()
		standby := h.standby()
		h.want(call{"a", 1})
		run.stop()
		standby.stop()
	})
}

func TestTermEndsBeforeTheCacheHasSynced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		h.source.ListError = errors.New("forbidden")
		standby := h.standby()
		h.begin(1).stop()
		h.want()
		standby.stop()
	})
}

func TestErrorIsTriedAgain(t *testing.T) {
	conflict := apierrors.NewConflict(schema.GroupResource{Resource: "configmaps"}, "a", errors.New("newer"))
	for name, failure := range map[string]error{"error": errors.New("no luck"), "conflict": conflict} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(t, nil)
				failures := 2
				h.react = func(context.Context, cache.ObjectName) error {
					if failures == 0 {
						return nil
					}
					failures--
					return failure
				}
				h.source.Add(configMap("a"))
				standby := h.standby()
				run := h.begin(1)
				h.want(call{"a", 1})
				time.Sleep(time.Second)
				h.want(call{"a", 1}, call{"a", 1})
				time.Sleep(time.Hour)
				h.want() // a success is not tried again
				run.stop()
				standby.stop()
			})
		})
	}
}

func TestRetryDoesNotSurviveTheTerm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		h.react = func(context.Context, cache.ObjectName) error { return errors.New("no luck") }
		h.source.Add(configMap("a"))
		standby := h.standby()
		run := h.begin(1)
		h.want(call{"a", 1})
		run.stop()
		time.Sleep(time.Hour)
		h.want()
		standby.stop()
	})
}
