package coordinator

// SetExit replaces what ends the process.
func SetExit(c *Coordinator, exit func(code int)) { c.exit = exit }

// Discovered is the default of Options.KindExists.
var Discovered = discovered
