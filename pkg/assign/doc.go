// Package assign says which live replica should own each shard.
//
// [Plan] is a pure function: no clock, no randomness, no state. Every replica computes it for itself
// from what it sees, and replicas that see the same compute the same. The result is advice: ownership
// comes from the Lease alone, so two replicas that see different things may disagree and nothing breaks.
//
// # What the plan promises
//
//   - Order does not matter. Any order of the same shards and replicas gives the same plan; ties are
//     broken by name.
//
//   - Only replicas that are ready, not draining and serve the shard are given it. One exception: a
//     live owner that is not ready keeps what it owns and serves. Such shards are left out of the
//     balance, so a replica marked not ready neither gains nor loses. (A caller can use this to send
//     shards that move during a rollout to the newer revision only.)
//
//   - It settles. Planning again from the state in which the plan is carried out gives the same plan,
//     with nothing to do.
//
//   - What somebody has chosen is followed: a pinned shard goes to that replica, if it may, and counts as
//     its load. Groups have one owner, if anybody can run all of the group that can be run at all; groups
//     make the weights unequal. When replicas serve alike, or weights are unequal, the shards that were
//     moved least lately are the ones that move.
//
// With equal weights the plan is exact, whatever the capacities and whoever serves what:
//
//   - Balanced. A replica's load is its number of shards divided by its capacity. The loads, largest
//     first, are the lexicographically smallest that any assignment can reach. When all capacities are
//     equal and everyone serves everything, that means counts that differ by at most one.
//   - Fewest moves. No equally balanced assignment takes fewer shards from owners that could keep them.
//   - Stable while it is carried out. A move first makes the shard vacant and then gives it to its new
//     owner. After any part of the planned moves, half done or done, the plan is still the same owner
//     for every shard, so replicas that see different moments agree about who takes a released shard.
//     This needs the same replicas, ready and serving as before; a change there may change the plan.
//   - A replica that comes or goes (equal capacities, everyone serves everything, balanced before)
//     moves at most the replica's share, the number of shards over the number of replicas, rounded up.
//
// With unequal weights the exact problem is NP-hard, and the plan is a local optimum instead: no
// single move and no swap of two shards is worthwhile, that is, lowers the higher of the two loads by
// at least one eighth of the weight it moves. It still settles. When everyone serves everything and
// capacities are equal:
//
//   - the largest load is below the mean plus 9/8 of the lightest shard on that replica; and
//   - when every shard starts vacant, the largest load is at most 4/3 of the best possible.
//
// With unequal weights and restricted serving nothing is promised about the distance from the optimum,
// nor about the number of moves. And halfway through the moves the plan may change its mind: tests and
// the simulation show that it comes to rest all the same, within five rounds when every replica acts on each plan. Prefer
// equal weights, and buckets for a hot kind.
//
// # How
//
// The cheap case, replicas that can all do the same work, is counted: every shard adds to the quota of
// the replica where it makes the least load, each owner keeps the first of its shards up to its quota,
// and the sorted rest is dealt to the sorted free places (files quota.go and even.go say why that is
// stable). It takes milliseconds for 10,000 shards and 1,000 replicas. Restricted serving is a minimum-cost
// flow whose cost is, in this order, balance, moves, and the names (files exact.go and canon.go): the
// optimum is unique, and that is what makes it stable. Unequal weights are placed heaviest first and
// then improved (file weighted.go).
package assign
