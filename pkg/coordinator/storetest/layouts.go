package storetest

import (
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// The storetest's kind in two buckets.
var (
	buckets    = lease.ShardsOf(shard.Kind, 2)
	bucketName = leaseName + ".00-of-02"
)

// layoutTests are about kinds that are split in different ways.
var layoutTests = map[string]func(*env){
	"layouts, each sees the other":  testLayoutsSeeEachOther,
	"layouts, the mark":             testSplitMark,
	"layouts, a plain elector's":    testSplitMarkOnPlainLease,
	"layouts, other kinds":          testLayoutsOfOtherKinds,
	"layouts, expired and evicted":  testEvict,
	"layouts, renewed, not evicted": testEvictRenewed,
}

func bucketTerm() lease.Term { return lease.Term{Shard: buckets[0], Lease: bucketName} }

func wholeTerm() lease.Term { return lease.Term{Shard: shard, Lease: leaseName} }

func (e *env) check(identity string, term lease.Term) map[string]lease.Record {
	e.Helper()
	leases, err := e.store(identity).Check(e.Context(), term)
	e.must(err)
	return leases
}

// Of an owner of the whole kind and one of a bucket, each is shown the other, also when
// its watch has told nothing.
func testLayoutsSeeEachOther(e *env) {
	e.won(e.store("a_1"), nil, false)
	if got := e.check("b_1", bucketTerm())[leaseName]; got.Holder != "a_1" {
		e.Errorf("the owner of a bucket is shown %+v, want the owner of the whole kind", got)
	}
	e.make(bucketName, "b_1", buckets[0].Labels("storetest"))
	if got := e.check("a_1", wholeTerm())[bucketName]; got.Holder != "b_1" {
		e.Errorf("the owner of the whole kind is shown %+v, want the owner of a bucket", got)
	}
}

// Whoever takes the whole kind's Lease after somebody has looked for a bucket is told of
// it by the Lease.
func testSplitMark(e *env) {
	e.check("a_1", wholeTerm())
	if e.get(leaseName) != nil {
		e.Error("a look for the whole kind has made its Lease")
	}
	leases := e.check("b_1", bucketTerm())
	seen := e.record()
	if !seen.Split || seen.Holder != "" || leases[leaseName] != seen {
		e.Errorf("the whole kind's Lease is %+v, and was shown as %+v: want it vacant and marked", seen, leases[leaseName])
	}
	e.check("c_1", bucketTerm())
	if again := e.record(); again.Version != seen.Version {
		e.Error("a Lease that is marked was written again")
	}
	a := e.store("a_1")
	e.await(e.watch(a), "the mark", func(v lease.Event) bool { return v.Record.Split && v.Version == seen.Version })
	if won := e.won(a, &seen, false); !won.Split {
		e.Error("who takes the Lease is not told that it is marked")
	}
	if !e.record().Split {
		e.Error("the mark has not outlived a change of holders")
	}
}

// A Lease without the component's labels was made by a plain elector, and a list by
// label does not have it.
func testSplitMarkOnPlainLease(e *env) {
	e.make(leaseName, "plain", nil)
	if got := e.check("b_1", bucketTerm())[leaseName]; got.Holder != "plain" || !got.Split {
		e.Errorf("the Lease is shown as %+v, want its holder, and marked", got)
	}
}

// A kind of the same name in another group is another kind.
func testLayoutsOfOtherKinds(e *env) {
	other := shard
	other.Kind.Group = "other.example.com"
	name, err := other.Name("storetest")
	e.must(err)
	e.make(name, "x_1", other.Labels("storetest"))
	if leases := e.check("b_1", bucketTerm()); len(leases) != 1 || leases[name].Holder != "" {
		e.Errorf("shown are %+v, want the whole kind's Lease alone", leases)
	}
}

// After an eviction the holder of before cannot renew.
func testEvict(e *env) {
	a, b := e.store("a_1"), e.store("b_1")
	e.won(a, nil, false)
	seen := e.record()
	e.must(b.Evict(e.Context(), leaseName, seen.UID, seen.Version))
	now := e.record()
	if now.Holder != "" || now.Transitions != seen.Transitions {
		e.Errorf("the Lease is %+v, want it free", now)
	}
	e.must(b.Evict(e.Context(), leaseName, seen.UID, seen.Version))
	if again := e.record(); again.Version != now.Version {
		e.Error("the second time it was written again")
	}
	e.must(b.Evict(e.Context(), bucketName, "none", "1"))
}

// A Lease that was renewed after all is left alone.
func testEvictRenewed(e *env) {
	a := e.store("a_1")
	e.won(a, nil, false)
	seen := e.record()
	e.label(leaseName, `{"example.com/renewed":"yes"}`)
	e.must(e.store("b_1").Evict(e.Context(), leaseName, seen.UID, seen.Version))
	if got := e.record().Holder; got != "a_1" {
		e.Errorf("the holder is %q, want a_1: its Lease has a newer version", got)
	}
}

// make makes a Lease as somebody else would.
func (e *env) make(name, holder string, labels map[string]string) {
	e.Helper()
	_, err := e.leases().Create(e.Context(), &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: ptr.To(holder), LeaseDurationSeconds: ptr.To[int32](15)},
	}, metav1.CreateOptions{})
	e.must(err)
}
