package doctor

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/kindred-k8s/kindred/pkg/inspect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// forgotten is from when a pause is worth a warning.
const forgotten = 24 * time.Hour

// checkHands tells of what was done with "kindred move" and "kindred pause" and should
// perhaps be undone.
func checkHands(s *state) []Finding {
	paused := map[string]time.Time{}
	for i := range s.leases {
		paused[s.leases[i].Namespace+"/"+s.leases[i].Name] = pausedSince(&s.leases[i])
	}
	var found []Finding
	for _, k := range s.after.Kinds {
		where, flags := leaseWhere(k.Namespace, k.Lease), component{k.Namespace, k.Component}.flags()
		if f, is := idleChoice(s, k); is {
			found = append(found, f)
		}
		since := paused[k.Namespace+"/"+k.Lease]
		if !k.Paused {
			continue
		}
		f := Finding{
			Severity: Info, Where: where, What: fmt.Sprintf("rebalancing of %s is paused", k.Name()),
			Fix: fmt.Sprintf("%s resume %s %s", s.program, k.Name(), flags),
		}
		if age := s.at.Sub(since); !since.IsZero() {
			f.What += fmt.Sprintf(" for %s at most", duration.HumanDuration(max(age, 0)))
			if age > forgotten {
				f.Severity = Warning
				f.What += ": replicas that have come since own less than their share"
			}
		}
		found = append(found, f)
	}
	return found
}

// idleChoice: the Pod that was chosen is not there, or cannot own the kind.
func idleChoice(s *state, k inspect.Kind) (Finding, bool) {
	if k.MoveTo == "" {
		return Finding{}, false
	}
	if _, can := s.after.Choose(k, k.MoveTo); can {
		return Finding{}, false
	}
	return Finding{
		Severity: Warning, Where: leaseWhere(k.Namespace, k.Lease),
		What: fmt.Sprintf("%s was moved by hand to %q, which is no live, ready replica that serves it: the choice counts for nothing, and will count again when there is a Pod of that name", k.Name(), k.MoveTo),
		Fix:  fmt.Sprintf("%s rebalance %s %s", s.program, k.Name(), component{k.Namespace, k.Component}.flags()),
	}, true
}

// pausedSince is when the annotation was last written by whoever has written it, which
// the Lease's managed fields say; zero when they do not.
func pausedSince(l *coordinationv1.Lease) time.Time {
	for _, entry := range l.ManagedFields {
		if entry.FieldsV1 == nil || entry.Time == nil {
			continue
		}
		fields := struct {
			Metadata struct {
				Annotations map[string]any `json:"f:annotations"`
			} `json:"f:metadata"`
		}{}
		if json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields) != nil {
			continue
		}
		for field := range fields.Metadata.Annotations {
			if strings.TrimPrefix(field, "f:") == lease.AnnotationPaused {
				return entry.Time.Time
			}
		}
	}
	return time.Time{}
}
