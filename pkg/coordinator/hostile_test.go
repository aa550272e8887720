package coordinator_test

import (
	"cmp"
	"context"
	"maps"
	"math"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"k8s.io/utils/ptr"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// put writes into a Lease as somebody with kubectl would, at whatever version it is.
func (f *fleet) put(name string, change func(*coordinationv1.Lease)) {
	f.t.Helper()
	leases := f.api.Client(nil).Leases("default")
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		l, err := leases.Get(context.Background(), name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		change(l)
		_, err = leases.Update(context.Background(), l, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// peaceful starts three replicas, which must not end by themselves, and waits
// until they have shared the kinds out.
func peaceful(t *testing.T) *fleet {
	f := newFleet(t)
	for _, name := range names(3) {
		r := f.add(name, five)
		coordinator.SetExit(r.Coordinator, func(code int) { t.Errorf("%v: %s ends with exit code %d", time.Since(f.start), name, code) })
	}
	time.Sleep(20300 * time.Millisecond)
	f.wantOwned(1, 2, 2)
	return f
}

// tokens are the terms of the kinds but one, by what was started last.
func (f *fleet) tokens(but string) map[string]string {
	f.owners()
	f.mu.Lock()
	defer f.mu.Unlock()
	tokens := maps.Clone(f.newest)
	delete(tokens, but)
	return tokens
}

// changed is how many kinds are in another term than before.
func changed(before, after map[string]string) int {
	n := 0
	for kind, token := range before {
		if after[kind] != token {
			n++
		}
	}
	return n
}

// TestHostileLeaseOfOneKind: somebody writes the worst into the Lease of one kind,
// again and again. No replica ends, the other kinds stay in their terms, and once
// the Lease is deleted the kind is owned as before.
func TestHostileLeaseOfOneKind(t *testing.T) {
	for name, h := range hostileLeases() {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				f := peaceful(t)
				f.mu.Lock()
				f.edited["Queue"] = h.unsafe
				f.mu.Unlock()
				others := f.tokens("Queue")
				for range 12 {
					if h.unsafe { // the tokens that it has had come again
						f.mu.Lock()
						f.terms = map[string]bool{}
						f.mu.Unlock()
					}
					f.put(f.leaseName("Queue"), h.write)
					time.Sleep(3300 * time.Millisecond)
				}
				f.remove(f.leaseName("Queue"))
				time.Sleep(cmp.Or(h.wait, 20*time.Second))
				most := 0
				if h.unseen {
					most = 1
				}
				if now := f.tokens("Queue"); changed(others, now) > most {
					t.Errorf("the other kinds were in the terms %v, and are in %v", others, now)
				}
				f.wantOwned(1, 2, 2)
				if l := f.lease("Queue"); l == nil || *l.Spec.LeaseDurationSeconds != 15 || *l.Spec.LeaseTransitions < 0 || l.Labels[lease.LabelRole] != lease.RoleOwner {
					t.Errorf("the Lease is %+v, want it written anew", l)
				}
			})
		})
	}
}

// TestLeaseHeldFor68Years: a Lease is held for as long as it says, however long
// that is, also by somebody who never renews it. Writing a shorter duration ends
// it, and so does deleting it, but for ten minutes.
func TestLeaseHeldFor68Years(t *testing.T) {
	for name, test := range map[string]struct {
		remedy func(*fleet)
		// least and most are when the kind is owned again.
		least, most time.Duration
	}{
		"shortened": {func(f *fleet) { f.put(f.leaseName("Queue"), seconds(5).write) }, 5 * time.Second, 6 * time.Second},
		"deleted":   {func(f *fleet) { f.remove(f.leaseName("Queue")) }, 0, 6 * time.Second},
		"deleted at once": {func(f *fleet) {
			f.put(f.leaseName("Queue"), foreign("another", ptr.To[int32](math.MaxInt32)).write)
			f.remove(f.leaseName("Queue"))
		}, 10 * time.Minute, 10*time.Minute + 6*time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				f := peaceful(t)
				others := f.tokens("Queue")
				f.put(f.leaseName("Queue"), foreign("intruder", ptr.To[int32](math.MaxInt32)).write)
				time.Sleep(time.Hour)
				if owner, owned := f.owners()["Queue"]; owned {
					t.Errorf("Queue is run by %s although somebody else holds its Lease", owner)
				}
				test.remedy(f)
				began := time.Now()
				for f.owners()["Queue"] == "" && time.Since(began) < time.Hour {
					time.Sleep(100 * time.Millisecond)
				}
				if took := time.Since(began); took < test.least || took > test.most {
					t.Errorf("Queue is owned again after %v, want %v to %v", took, test.least, test.most)
				}
				if now := f.tokens("Queue"); !maps.Equal(now, others) {
					t.Errorf("the other kinds were in the terms %v, and are in %v", others, now)
				}
			})
		})
	}
}

// TestMemberLeaseLeftFor68Years: a replica with a fixed identity finds its member
// Lease left behind, with a duration without an end. It waits for whoever may be
// there for ten minutes, and joins.
func TestMemberLeaseLeftFor68Years(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t)
		left := &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{
				Name: lease.MemberName("op", "op-0_fixed"), Labels: lease.MemberLabels("op"),
				Annotations: map[string]string{lease.AnnotationMember: `{"instance":"another","phase":"ready"}`},
			},
			Spec: coordinationv1.LeaseSpec{HolderIdentity: ptr.To("op-0_fixed"), LeaseDurationSeconds: ptr.To[int32](math.MaxInt32)},
		}
		if _, err := f.api.Client(nil).Leases("default").Create(context.Background(), left, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		f.add("op-0", five, func(o *coordinator.Options) { o.Identity = "op-0_fixed" })
		time.Sleep(9*time.Minute + 50*time.Second)
		if owners := f.owners(); len(owners) > 0 {
			t.Errorf("%v: it has not waited for the other process", owners)
		}
		time.Sleep(20 * time.Second)
		f.wantOwned(5)
	})
}
