package coordinator

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"time"
)

// Check is a health check in the form of k8s.io/apiserver's healthz. It passes
// before the first election and for a replica that owns nothing. It fails when a
// reconciler still runs although its term is over, and when the coordinator
// itself does not come round any more; both need a restart. Once Run has returned it
// fails only for a reconciler that is stuck. Safe for concurrent use.
func (c *Coordinator) Check(*http.Request) error {
	for _, k := range c.kinds {
		if err := k.check(); err != nil {
			return err
		}
	}
	if last := c.turn.Load(); last != nil {
		if silent := time.Since(*last); silent > c.options.Timing.LeaseDuration {
			return fmt.Errorf("the coordinator has not come round for %v", silent.Round(time.Second))
		}
	}
	return nil
}

// cameRound shows Check that the loop is alive.
func (c *Coordinator) cameRound() {
	now := time.Now()
	c.turn.Store(&now)
}

// Name is the name of the health check.
func (c *Coordinator) Name() string { return "kindred" }

// HealthzAdaptor is the health check of a Coordinator that there may not be yet, as
// client-go's leaderelection.HealthzAdaptor is for an elector: a server can be given it
// first. It passes until Set, and then says what the Coordinator's Check says. The zero
// value is ready to use. Safe for concurrent use.
type HealthzAdaptor struct{ coordinator atomic.Pointer[Coordinator] }

// Set says which Coordinator it is.
func (a *HealthzAdaptor) Set(c *Coordinator) { a.coordinator.Store(c) }

// Name is the name of the health check.
func (a *HealthzAdaptor) Name() string { return (*Coordinator)(nil).Name() }

// Check is a health check in the form of k8s.io/apiserver's healthz.
func (a *HealthzAdaptor) Check(r *http.Request) error {
	if c := a.coordinator.Load(); c != nil {
		return c.Check(r)
	}
	return nil
}
