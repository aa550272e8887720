package oldlock

import (
	"context"
	"encoding/json"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// Annotation says which new replicas hold the Lease together: a JSON object with
// each one's identity and the renewTime of its last write. Each writes its own entry
// only, and removes those that it has watched for as long as the lock lasts.
const Annotation = "kindred.dev/old-lock-holders"

// heartbeat is what another replica wrote last, and since when that has been seen.
type heartbeat struct {
	stamp string
	since time.Time
}

// listen looks who else holds the Lease. Who has not written for as long as the lock
// lasts has no right to act any more, for the same reason for which an old replica
// could take over from it.
func (l *Lock) listen(current *coordinationv1.Lease, now time.Time) {
	stamps := map[string]string{}
	// What is no such object was written by a hand, and names nobody.
	_ = json.Unmarshal([]byte(current.Annotations[Annotation]), &stamps)
	heard := map[string]heartbeat{}
	for identity, stamp := range stamps {
		if identity == l.options.Identity {
			continue
		}
		beat, known := l.others[identity]
		if !known || beat.stamp != stamp {
			beat = heartbeat{stamp: stamp, since: now}
		}
		heard[identity] = beat
	}
	l.others = heard
}

// sign writes who holds the Lease into it, this replica included.
func (l *Lock) sign(next *coordinationv1.Lease) {
	l.write(next, map[string]string{l.options.Identity: next.Spec.RenewTime.UTC().Format(metav1.RFC3339Micro)})
}

// write adds the others that may still act to stamps, and says how many they are.
func (l *Lock) write(next *coordinationv1.Lease, stamps map[string]string) (others int) {
	lasts := time.Duration(ptr.Deref(next.Spec.LeaseDurationSeconds, 0)) * time.Second
	for identity, beat := range l.others {
		if time.Since(beat.since) < lasts {
			stamps[identity] = beat.stamp
			others++
		}
	}
	text, err := json.Marshal(stamps)
	if err != nil {
		panic(err) // strings always can
	}
	metav1.SetMetaDataAnnotation(&next.ObjectMeta, Annotation, string(text))
	return others
}

// leave takes this replica off those who hold the Lease, and releases it if there is
// no other. When that fails the Lease expires.
func (l *Lock) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, l.options.Timing.RequestTimeout())
	defer cancel()
	for {
		others, err := l.resign(ctx)
		switch {
		case err == nil && others == 0:
			l.log().Info("Released: replicas of an older version may work")
			return
		case err == nil:
			l.log().V(1).Info("Left to the others that hold it", "others", others)
			return
		case ctx.Err() != nil:
			l.log().Error(err, "It is left to expire")
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (l *Lock) resign(ctx context.Context) (others int, err error) {
	current, err := l.read(ctx)
	if err != nil {
		return 0, err
	}
	if err := l.mustBeHeld(current); err != nil {
		l.log().Info("There is nothing to release", "why", err.Error())
		return 1, nil
	}
	l.observe(current, time.Now())
	next := current.DeepCopy()
	if others = l.write(next, map[string]string{}); others == 0 {
		release(next)
	}
	_, err = l.client.Update(ctx, next, metav1.UpdateOptions{})
	return others, err
}

// release is what client-go's LeaderElector writes, so that an old replica takes the
// Lease at its next look.
func release(next *coordinationv1.Lease) {
	delete(next.Annotations, Annotation)
	now := metav1.NowMicro()
	next.Spec = coordinationv1.LeaseSpec{
		HolderIdentity:       ptr.To(""),
		LeaseDurationSeconds: ptr.To[int32](1),
		LeaseTransitions:     next.Spec.LeaseTransitions,
		AcquireTime:          &now,
		RenewTime:            &now,
	}
}
