package coordinator

import "time"

// SetExit replaces what ends the process.
func SetExit(c *Coordinator, exit func(code int)) { c.exit = exit }

// CameRound is what the loop does each time, and returns what Check then goes by.
func CameRound(c *Coordinator) time.Time {
	c.cameRound()
	return *c.turn.Load()
}

// Discovered is the default of Options.KindExists.
var Discovered = discovered
