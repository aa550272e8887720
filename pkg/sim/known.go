package sim

// What the simulation has found and is not mended yet is counted instead of
// failed, as narrowly as it can be told; docs/simulation.md lists it. To see one
// again, make its condition false.

// abandoned says whether a term belongs to a replica that left while the write of
// its campaign was under way. The core finishes as soon as the elector has ended,
// and nobody frees the Lease that the write then takes.
func (c *checker) abandoned(t *term) bool {
	if t == nil || t.started {
		return false
	}
	for _, p := range c.w.procs {
		if p.identity == t.holder && p.finished {
			return true
		}
	}
	return false
}

// settles says whether I6 is promised to the schedule: with unequal weights shards
// can be handed to and fro.
func (c *checker) settles() bool { return c.w.plan.equalWeights() }
