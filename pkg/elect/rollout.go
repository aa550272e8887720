package elect

import (
	"slices"

	"github.com/kindred-k8s/kindred/pkg/assign"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// present is a live replica as the plan sees it.
type present struct {
	lease.Member
	ready  bool
	joined int64
}

// rollout makes shards that need an owner go to the newest revision while replicas
// of two are there, so that they are not moved again when the next old one stops. In
// the plan, replicas of older revisions keep what they own and are given nothing
// (assign.Replica.Ready). The newest revision is the one whose replica joined last
// and is ready: one that never becomes ready gets nothing. Nothing is moved for
// balance meanwhile.
//
// It ends when one revision is left, or when membership has held still for
// rolloutOver. And the new ones are given no more than twice their share of all
// shards, so that the first of them does not end up with everything.
func (c *Core) rollout(members []present, replicas []assign.Replica, shards []assign.Shard) {
	c.rolling, c.carried.ofNewest = false, nil
	newest, newer := "", 0
	var joined int64
	revisions := map[string]bool{}
	live := 0
	for _, m := range members {
		revisions[m.Revision] = true // one that is leaving is the last of a rollout
		if m.Phase != lease.Draining {
			live++
		}
		if m.ready && (m.joined > joined || m.joined == joined && m.Revision > newest) {
			newest, joined = m.Revision, m.joined
		}
	}
	over := c.steadySince.Add(rolloutOver)
	if len(revisions) < 2 || joined == 0 || c.due(over) {
		return
	}
	c.rolling, c.rolledAt, c.rolledOver = true, c.now, over
	c.judgeBy(over)
	ofNewest := map[string]bool{}
	for _, m := range members {
		if m.ready && m.Revision == newest {
			ofNewest[m.Identity] = true
			newer++
		}
	}
	given := 0
	for _, s := range shards {
		if ofNewest[s.Owner] {
			given++
		}
	}
	share := (len(shards) + live - 1) / max(live, 1)
	c.carried.ofNewest, c.carried.given, c.carried.most = ofNewest, given, 2*share*newer
	if given >= c.carried.most {
		return
	}
	c.preferNewest(ofNewest, replicas, shards)
}

// preferNewest makes older replicas keep what they own and get nothing but what no
// newer one serves: one may just have started, or a kind may be no more in the newer
// revision.
func (c *Core) preferNewest(ofNewest map[string]bool, replicas []assign.Replica, shards []assign.Shard) {
	served := map[string]bool{}
	for _, r := range replicas {
		if ofNewest[r.Name] {
			for _, shard := range r.Serves {
				served[shard] = true
			}
		}
	}
	left := map[string][]string{} // owner -> what it may keep
	orphans := false
	for _, s := range shards {
		left[s.Owner] = append(left[s.Owner], s.Name)
		orphans = orphans || !served[s.Name]
	}
	for i := range replicas {
		r := &replicas[i]
		if ofNewest[r.Name] || !r.Ready {
			continue
		}
		if !orphans {
			r.Ready = false
			continue
		}
		r.Serves = slices.DeleteFunc(slices.Clone(r.Serves), func(shard string) bool {
			return served[shard] && !slices.Contains(left[r.Name], shard)
		})
	}
}
