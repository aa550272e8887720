package controllerruntime

import (
	"errors"
	"reflect"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// queueGauges are the gauges in which a work queue that is shut down leaves what it
// last held. The next term's queue would add to that, and a standby would look as if
// it had work.
var queueGauges = []*prometheus.GaugeVec{
	registered(metrics.DepthKey, "Current depth of workqueue by workqueue and priority", "name", "controller", "priority"),
	registered(metrics.UnfinishedWorkKey, "How many seconds of work has been done that "+
		"is in progress and hasn't been observed by work_duration. Large "+
		"values indicate stuck threads. One can deduce the number of stuck "+
		"threads by observing the rate at which this increases.", "name", "controller"),
	registered(metrics.LongestRunningProcessorKey, "How many seconds has the longest running "+
		"processor for workqueue been running.", "name", "controller"),
}

// registered returns the gauge that controller-runtime has registered with this
// description. It is not exported; a registry gives what it has for the same
// description, and nil is returned when there is no such gauge.
func registered(key, help string, labels ...string) *prometheus.GaugeVec {
	same := prometheus.NewGaugeVec(prometheus.GaugeOpts{Subsystem: metrics.WorkQueueSubsystem, Name: key, Help: help}, labels)
	err := metrics.Registry.Register(same)
	if err == nil {
		metrics.Registry.Unregister(same)
	}
	var there prometheus.AlreadyRegisteredError
	if !errors.As(err, &there) {
		return nil
	}
	gauge, _ := there.ExistingCollector.(*prometheus.GaugeVec)
	return gauge
}

// clearGauges removes what the work queues of a term's controllers left behind.
func clearGauges(term []manager.Runnable) {
	for _, r := range term {
		name := controllerName(r)
		if name == "" {
			continue
		}
		for _, gauge := range queueGauges {
			if gauge != nil {
				gauge.DeletePartialMatch(prometheus.Labels{"name": name})
			}
		}
	}
}

// controllerName returns the name of a controller, and nothing for what is none. The
// name is an exported field of a type that is not exported.
func controllerName(r manager.Runnable) string {
	value := reflect.Indirect(reflect.ValueOf(r))
	if value.Kind() != reflect.Struct {
		return ""
	}
	name := value.FieldByName("Name")
	if name.Kind() != reflect.String {
		return ""
	}
	return name.String()
}
