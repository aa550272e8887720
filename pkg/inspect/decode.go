package inspect

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/pkg/kubelease"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// clockTolerance is how far ahead of the reader's clock a renewal may be before
// it is worth a word.
const clockTolerance = 30 * time.Second

const clockAhead = "its renewTime is %v ahead of this computer's clock: set the clocks, here or where the holder %q runs"

func shardOf(kind, group string, bucket, of int) lease.Shard {
	return lease.Shard{Kind: schema.GroupKind{Group: group, Kind: kind}, Bucket: bucket, Of: of}
}

// shardOfLease reads which shard an ownership Lease is about. The Lease's name is
// what counts in an election, so labels that disagree with it are an error.
func shardOfLease(l *coordinationv1.Lease) (lease.Shard, error) {
	component, kind := l.Labels[lease.LabelComponent], l.Labels[lease.LabelKind]
	whole, bucket, of := lease.SplitName(l.Name)
	if l.Labels[lease.LabelName] == lease.NameGiven {
		shard := shardOf(kind, l.Labels[lease.LabelGroup], bucket, of)
		if _, err := shard.Name(component); err != nil {
			return lease.Shard{}, fmt.Errorf("%w; delete it", err)
		}
		return shard, nil
	}
	rest, found := strings.CutPrefix(whole, component+"."+strings.ToLower(kind)+".")
	if kind == "" || !found || rest == "" {
		return lease.Shard{}, fmt.Errorf("its name does not begin with its labels %s=%q and %s=%q, so no replica uses it: delete it, or correct the labels",
			lease.LabelComponent, component, lease.LabelKind, kind)
	}
	group, labelled := l.Labels[lease.LabelGroup]
	if !labelled && rest != "core" {
		group = rest // too long for a label
	}
	shard := shardOf(kind, group, bucket, of)
	name, err := shard.Name(component)
	if err != nil {
		return lease.Shard{}, fmt.Errorf("%w; delete it", err)
	}
	if name != l.Name {
		return lease.Shard{}, fmt.Errorf("its labels say kind %s, whose Lease is named %q, so no replica uses it: delete it, or correct the labels", shard, name)
	}
	return shard, nil
}

// holder is what the spec of a Lease says about who holds it.
type holder struct {
	identity          string
	acquired, renewed metav1.MicroTime
	transitions       int
	// fresh: the last renewal is no further back than the Lease lasts.
	fresh bool
}

// holderOf reads a Lease's spec, every field of which may be missing.
func holderOf(l *coordinationv1.Lease, now time.Time, problem func(format string, args ...any)) holder {
	h := holder{}
	spec := l.Spec
	if spec.HolderIdentity != nil {
		h.identity = *spec.HolderIdentity
	}
	if spec.AcquireTime != nil {
		h.acquired = *spec.AcquireTime
	}
	if spec.RenewTime != nil {
		h.renewed = *spec.RenewTime
	}
	if spec.LeaseTransitions != nil {
		h.transitions = int(*spec.LeaseTransitions)
	}
	if h.transitions < 0 {
		problem("leaseTransitions is %d: delete the Lease, and it is created again", h.transitions)
		h.transitions = 0
	}
	if h.identity == "" {
		return h
	}
	duration := lease.DefaultLeaseDuration
	if seconds := spec.LeaseDurationSeconds; seconds != nil && *seconds > 0 {
		duration = time.Duration(*seconds) * time.Second
	} else {
		problem("it has a holder but no leaseDurationSeconds above zero, so each candidate waits its own lease duration: delete the Lease if the holder is gone")
	}
	switch {
	case h.renewed.IsZero():
		problem("it has a holder but no renewTime: delete the Lease if the holder is gone")
	case h.renewed.Sub(now) > clockTolerance:
		problem(clockAhead, h.renewed.Sub(now).Round(time.Second), h.identity)
		h.fresh = true
	default:
		h.fresh = now.Sub(h.renewed.Time) <= duration
	}
	return h
}

// seconds is the duration that is written in a Lease; zero when it does not say.
func seconds(l *coordinationv1.Lease) int32 {
	if l.Spec.LeaseDurationSeconds == nil {
		return 0
	}
	return *l.Spec.LeaseDurationSeconds
}

// nameOf is what people call the replica with the identity.
func nameOf(identity string) string { return cmp.Or(lease.PodName(identity), identity) }

// kindOf makes the row of an ownership Lease.
func kindOf(l *coordinationv1.Lease, shard lease.Shard, h holder) Kind {
	term := lease.Term{UID: string(l.UID), Transitions: h.transitions}
	kind := Kind{
		Kind: shard.Kind.Kind, Group: shard.Kind.Group, Bucket: shard.Bucket, Of: shard.Of,
		Namespace: l.Namespace, Component: l.Labels[lease.LabelComponent], Lease: l.Name,
		Term: h.transitions, Token: term.Token(), Renewed: h.renewed,
		State: Vacant, UID: string(l.UID),
	}
	record := kubelease.Record(l)
	kind.MoveTo, kind.Paused, kind.moves = record.MoveTo, record.Paused, record.Moves
	kind.LeaseSeconds = seconds(l)
	if h.identity == "" {
		return kind
	}
	kind.Owner, kind.Holder, kind.Since = nameOf(h.identity), h.identity, h.acquired
	kind.State = Stale
	if h.fresh {
		kind.State = Owned
	}
	return kind
}

// replicaOf makes the row of a member Lease.
func replicaOf(l *coordinationv1.Lease, h holder) (Replica, error) {
	component := l.Labels[lease.LabelComponent]
	if h.identity == "" {
		return Replica{}, fmt.Errorf("it is a member Lease without a holderIdentity: delete it; a replica that is alive writes its own again")
	}
	if name := lease.MemberName(component, h.identity); name != l.Name {
		return Replica{}, fmt.Errorf("it names the replica %q, whose member Lease is %q: delete it", h.identity, name)
	}
	member, err := lease.DecodeMember(h.identity, l.Annotations[lease.AnnotationMember])
	if err != nil {
		return Replica{}, fmt.Errorf("%w: delete it; a replica that is alive writes its own again", err)
	}
	replica := Replica{
		Name: nameOf(h.identity), Identity: h.identity,
		Namespace: l.Namespace, Component: component, Lease: l.Name,
		Phase: member.Phase, Capacity: member.Capacity,
		Owns: []string{}, Serves: []string{}, weights: map[string]int64{}, groups: map[string]string{}, names: map[string]string{}, fixed: map[string]bool{}, started: member.Started,
		Renewed: h.renewed, Alive: h.fresh,
		Revision: member.Revision, PodUID: member.PodUID, LeaseSeconds: seconds(l), Joined: l.CreationTimestamp,
	}
	if member.Joined > 0 {
		replica.Joined = metav1.Unix(member.Joined, 0)
	}
	for _, served := range member.Serves {
		shard := lease.ParseShard(served.Shard)
		leaseName, bad := shard.Name(component)
		if bad == nil && served.Lease != "" {
			leaseName, bad = served.Lease, lease.ValidateName(component, served.Lease)
		}
		if bad != nil {
			err = fmt.Errorf("it says that it serves %.80q, which is no kind: delete it; a replica that is alive writes its own again", served.Shard)
			continue
		}
		if name := shard.String(); !replica.serves(name) {
			replica.Serves = append(replica.Serves, name)
			replica.weights[name], replica.groups[name], replica.names[name] = served.Weight, served.Group, leaseName
		}
	}
	return replica, err
}
