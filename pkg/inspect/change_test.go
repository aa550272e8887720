package inspect

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
)

// step is one version of Database's Lease that arrives after a while.
type step struct {
	after   time.Duration
	holder  string
	uid     string
	deleted bool
}

func TestChanges(t *testing.T) {
	tests := map[string]struct {
		steps []step
		want  []string
	}{
		"the first list and renewals are no changes": {
			[]step{{holder: "a"}, {after: time.Second, holder: "a"}}, nil,
		},
		"released and taken": {
			[]step{{holder: "a"}, {after: time.Second}, {after: 26 * time.Millisecond, holder: "b"}},
			[]string{"Database.sample.kindred.dev  a -> nobody: released", "Database.sample.kindred.dev  a -> b: 26ms without an owner"},
		},
		"at once": {
			[]step{{holder: "a"}, {after: time.Second}, {after: 900 * time.Microsecond, holder: "b"}},
			[]string{"Database.sample.kindred.dev  a -> nobody: released", "Database.sample.kindred.dev  a -> b: less than 1ms without an owner"},
		},
		"taken again by the same": {
			[]step{{holder: "a"}, {after: time.Second}, {after: 2 * time.Second, holder: "a"}},
			[]string{"Database.sample.kindred.dev  a -> nobody: released", "Database.sample.kindred.dev  a -> a: 2s without an owner"},
		},
		"expired": {
			[]step{{holder: "a"}, {after: 2 * time.Second, holder: "a"}, {after: 15040 * time.Millisecond, holder: "b"}},
			[]string{"Database.sample.kindred.dev  a -> b: taken over, 15s after the last renewal"},
		},
		"deleted": {
			[]step{{holder: "a"}, {after: time.Second, deleted: true}, {after: 4 * time.Millisecond, holder: "b", uid: "2"}},
			[]string{"Database.sample.kindred.dev  a -> nobody: the Lease was deleted", "Database.sample.kindred.dev  a -> b: 4ms without an owner"},
		},
		"created": {
			[]step{{}, {after: time.Second, holder: "a"}},
			[]string{"Database.sample.kindred.dev  nobody -> a"},
		},
		"a renewal of the vacant Lease is none": {
			[]step{{}, {after: time.Second}}, nil,
		},
		"a hostile holder": {
			[]step{{}, {after: time.Second, holder: "\x1b[2Ja\n"}},
			[]string{"Database.sample.kindred.dev  nobody -> ?[2Ja?"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			tracker, at := newTracker(), now
			for i, step := range test.steps {
				at = at.Add(step.after)
				l := owned(t, "Database", step.holder)
				if step.uid != "" {
					l.UID = types.UID(step.uid)
				}
				if change, changed := tracker.observe(&l, step.deleted, i == 0, at); changed {
					got = append(got, change.String())
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}
