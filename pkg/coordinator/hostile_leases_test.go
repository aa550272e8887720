package coordinator_test

import (
	"maps"
	"math"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// hostile is something that somebody writes into the Lease of one kind.
type hostile struct {
	write func(*coordinationv1.Lease)
	// unsafe: the owner is written out of its Lease, or the count of its terms is
	// turned back, after which nothing is promised of this kind's terms.
	unsafe bool
	// unseen: the watch does not show the Lease any more. When it shows it again,
	// anybody may be the first to take it, and then balance may move another kind.
	unseen bool
	// wait is how long the kind may be without an owner once the Lease is deleted; 20 s
	// if zero.
	wait time.Duration
}

// foreign gives the Lease to somebody else for some seconds.
func foreign(holder string, seconds *int32) hostile {
	return hostile{write: func(l *coordinationv1.Lease) { l.Spec.HolderIdentity, l.Spec.LeaseDurationSeconds = &holder, seconds }}
}

func spec(change func(*coordinationv1.LeaseSpec)) hostile {
	return hostile{write: func(l *coordinationv1.Lease) { change(&l.Spec) }}
}

func seconds(n int32) hostile {
	return spec(func(s *coordinationv1.LeaseSpec) { s.LeaseDurationSeconds = &n })
}

func transitions(n *int32) hostile {
	h := spec(func(s *coordinationv1.LeaseSpec) { s.LeaseTransitions = n })
	h.unsafe = n == nil || *n < math.MaxInt32
	return h
}

func times(t *metav1.MicroTime) hostile {
	return spec(func(s *coordinationv1.LeaseSpec) { s.AcquireTime, s.RenewTime = t, t })
}

func labels(change func(map[string]string)) hostile {
	return hostile{write: func(l *coordinationv1.Lease) { change(l.Labels) }}
}

// hostileLeases are what the Lease of a kind may say.
func hostileLeases() map[string]hostile {
	ancient, future := metav1.NewMicroTime(time.Unix(0, 0)), metav1.NewMicroTime(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC))
	all := map[string]hostile{
		"a negative duration":         seconds(-1),
		"the most negative duration":  seconds(math.MinInt32),
		"a duration of zero":          seconds(0),
		"a duration of one":           seconds(1),
		"the longest duration":        seconds(math.MaxInt32),
		"times long past":             times(&ancient),
		"times far ahead":             times(&future),
		"negative transitions":        transitions(ptr.To[int32](-7)),
		"the least transitions":       transitions(ptr.To[int32](math.MinInt32)),
		"no transitions":              transitions(nil),
		"the last transition":         transitions(ptr.To[int32](math.MaxInt32)),
		"the last transition but one": transitions(ptr.To[int32](math.MaxInt32 - 1)),
		"a foreign holder":            foreign("intruder", ptr.To[int32](15)),
		"a holder without a duration": foreign("intruder", nil),
		"a holder for one second":     foreign("intruder", ptr.To[int32](1)),
		"a holder below zero seconds": foreign("intruder", ptr.To[int32](-15)),
		"a very long holder":          foreign(strings.Repeat("x", 200_000), ptr.To[int32](15)),
		"a holder that is no text":    foreign("\x1b[2J\x00\n\u202e\u212a_\xff", ptr.To[int32](15)),
		"a holder of spaces":          foreign(" ", ptr.To[int32](15)),
		"a strategy": spec(func(s *coordinationv1.LeaseSpec) {
			s.Strategy, s.PreferredHolder = ptr.To(coordinationv1.OldestEmulationVersion), ptr.To("intruder")
		}),
		"no labels":             {write: func(l *coordinationv1.Lease) { l.Labels = nil }, unseen: true},
		"another component":     {write: func(l *coordinationv1.Lease) { l.Labels[lease.LabelComponent] = "other" }, unseen: true},
		"the role of a member":  labels(func(m map[string]string) { m[lease.LabelRole] = lease.RoleMember }),
		"no role":               labels(func(m map[string]string) { delete(m, lease.LabelRole) }),
		"another kind's labels": labels(func(m map[string]string) { m[lease.LabelKind] = "Cache" }),
		"huge annotations": {write: func(l *coordinationv1.Lease) {
			l.Annotations = map[string]string{lease.AnnotationMember: strings.Repeat("[", 200_000), "x": strings.Repeat("y", 50_000)}
		}},
		"a finalizer": {write: func(l *coordinationv1.Lease) { l.Finalizers = []string{"example.com/never"} }},
		"somebody's ward": {write: func(l *coordinationv1.Lease) {
			l.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: "gone", UID: "gone"}}
		}},
	}
	held := foreign("intruder", ptr.To[int32](math.MaxInt32))
	held.wait = 10 * time.Minute // whoever it is does not stop because the Lease is gone
	all["a holder for 68 years"] = held
	maps.Copy(all, nilSpecs())
	return all
}

// nilSpecs leave fields of the spec out, in every combination.
func nilSpecs() map[string]hostile {
	all := map[string]hostile{}
	for bits := 1; bits < 1<<5; bits++ {
		var without []string
		name := func(bit int, field string) bool {
			if bits>>bit&1 == 1 {
				without = append(without, field)
			}
			return bits>>bit&1 == 1
		}
		h := hostile{unsafe: name(0, "holder")}
		duration, acquired, renewed := name(1, "duration"), name(2, "acquired"), name(3, "renewed")
		count := name(4, "transitions")
		h.unsafe = h.unsafe || count
		h.write = func(l *coordinationv1.Lease) {
			if bits&1 == 1 {
				l.Spec.HolderIdentity = nil
			}
			if duration {
				l.Spec.LeaseDurationSeconds = nil
			}
			if acquired {
				l.Spec.AcquireTime = nil
			}
			if renewed {
				l.Spec.RenewTime = nil
			}
			if count {
				l.Spec.LeaseTransitions = nil
			}
		}
		all["no "+strings.Join(without, ", ")] = h
	}
	return all
}
