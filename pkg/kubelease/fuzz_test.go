package kubelease

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/kindred-k8s/kindred/pkg/lease"
	"github.com/kindred-k8s/kindred/pkg/sim/leaseapi"
)

// seeds are Leases as JSON, as an API server sends them.
var seeds = []string{
	`{}`,
	`{"metadata":{"name":"op.widget.example.com","resourceVersion":"7","labels":{"kindred.dev/role":"owner"}},"spec":{"holderIdentity":"b_1","leaseDurationSeconds":15,"leaseTransitions":3}}`,
	`{"metadata":{"name":"op.b-1","resourceVersion":"7","labels":{"kindred.dev/role":"member"},"annotations":{"kindred.dev/member":"{\"phase\":\"ready\"}"}},"spec":{"holderIdentity":"b_1","leaseDurationSeconds":2147483647}}`,
	`{"metadata":{"name":"op.b-1","labels":{"kindred.dev/role":"member"},"annotations":{"kindred.dev/member":"{}"}},"spec":{"holderIdentity":"c_1"}}`,
	`{"metadata":{"name":"op.b-1","labels":{"kindred.dev/role":"member"},"annotations":{"kindred.dev/member":"{"}}}`,
	`{"metadata":{"name":"op.b-1","labels":{"kindred.dev/role":"member"},"annotations":{"kindred.dev/member":"{}"}},"spec":{"holderIdentity":""}}`,
	`{"spec":{"holderIdentity":"b_1","leaseDurationSeconds":null}}`,
	`{"spec":{"holderIdentity":"b\u001b[2J\n","leaseDurationSeconds":-2147483648,"leaseTransitions":2147483647,"strategy":"OldestEmulationVersion","preferredHolder":"x"}}`,
	`{"spec":{"holderIdentity":"a_1","leaseDurationSeconds":1,"acquireTime":"9999-12-31T23:59:59.999999Z","renewTime":"0001-01-01T00:00:00Z"}}`,
	`{"spec":{"leaseTransitions":2147483647}}`,
	`{"spec":{"holderIdentity":"a_1","leaseDurationSeconds":15,"leaseTransitions":-1}}`, // the lock once took -1 for "none"
}

func decode(data []byte) (*coordinationv1.Lease, bool) {
	l := &coordinationv1.Lease{}
	return l, json.Unmarshal(data, l) == nil
}

// FuzzFeed: whatever Lease the watch brings, it is told as what it is, or what is
// wrong with it is reported, and no longer once it is gone.
func FuzzFeed(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		l, ok := decode(data)
		if !ok {
			return
		}
		problems := map[string]string{}
		store := NewStore(leaseapi.New().Client(nil), Options{Component: "op", Identity: "a_1", Timing: lease.Timing{}.WithDefaults(),
			Problem: func(operation string, err error) {
				delete(problems, operation)
				if err != nil {
					problems[operation] = err.Error()
				}
			}})
		var events []lease.Event
		feed := &feed{store: store, names: map[string]bool{}, sink: func(e lease.Event) { events = append(events, e) }}
		for range 2 {
			if err := feed.Add(l); err != nil {
				t.Fatal(err)
			}
		}
		switch told := len(events); {
		case told == 0:
			if !IsMember(l) || len(problems) != 1 || len(problems["lease "+l.Name]) > 1000 {
				t.Errorf("told nothing of %+v; problems %q", l, problems)
			}
		case told != 2 || !cmp.Equal(events[0], events[1]):
			t.Errorf("told %d events, not the same twice: %+v", told, events)
		default:
			wantTold(t, l, events[0])
		}
		if err := feed.Delete(l); err != nil {
			t.Fatal(err)
		}
		if gone := events[len(events)-1]; gone.Kind != lease.Gone || gone.Name != l.Name || len(problems) != 0 || len(feed.names) != 0 {
			t.Errorf("after the deletion: told %+v; problems %q; %d names are left", gone, problems, len(feed.names))
		}
	})
}

// wantTold checks that an event says what the Lease says.
func wantTold(t *testing.T, l *coordinationv1.Lease, e lease.Event) {
	t.Helper()
	const most = math.MaxInt32 * time.Second
	if e.Name != l.Name || e.Version != l.ResourceVersion {
		t.Errorf("told %+v of %s at %s", e, l.Name, l.ResourceVersion)
	}
	if !IsMember(l) {
		holder := ""
		if l.Spec.HolderIdentity != nil {
			holder = *l.Spec.HolderIdentity
		}
		if r := e.Record; e.Kind != lease.OwnerSeen || r.Holder != holder || r.UID != string(l.UID) || r.Duration.Abs() > most+time.Second {
			t.Errorf("told %+v of %+v", e, l.Spec)
		}
		return
	}
	if m := e.Member; e.Kind != lease.MemberSeen || lease.MemberName("op", m.Identity) != l.Name || m.Capacity < 1 || m.Duration > most {
		t.Errorf("told %+v of %+v", e, l.Spec)
	}
}

// FuzzLock: what the elector is shown of a Lease never lets it take one that is
// held, and a term that it wins has a token that the Lease never had.
func FuzzLock(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	shard := lease.ShardOf(schema.GroupKind{Group: "example.com", Kind: "Widget"})
	f.Fuzz(func(t *testing.T, data []byte, expired bool) {
		l, ok := decode(data)
		if !ok {
			return
		}
		l.Name, l.Labels = "op.widget.example.com", nil
		client := leaseapi.New().Client(nil)
		stored, err := client.Leases("default").Create(t.Context(), l, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		before := Record(stored)
		store := NewStore(client, Options{Component: "op", Namespace: "default", Identity: "a_1", Timing: lease.Timing{}.WithDefaults()})
		var told []lease.LockEvent
		lock, _, err := store.Lock(shard, lease.Timing{}.WithDefaults(), &before, expired, func(e lease.LockEvent) { told = append(told, e) })
		if err != nil {
			t.Fatal(err)
		}
		record, raw, err := lock.Get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		wantShown(t, before, expired, *record, raw)

		next := resourcelock.LeaderElectionRecord{HolderIdentity: "a_1", LeaseDurationSeconds: 15, LeaderTransitions: record.LeaderTransitions + 1}
		for range 2 { // an acquisition and a renewal, with the elector's own count
			if err := lock.Update(t.Context(), next); err != nil {
				t.Fatal(err)
			}
		}
		if len(told) != 2 || told[0].Kind != lease.LockAcquired || told[1].Kind != lease.LockRenewed || told[0].Term != told[1].Term {
			t.Fatalf("the lock told %+v", told)
		}
		after := told[0].Term
		switch {
		case after.Transitions < 0, after.UID == before.UID && after.Transitions <= before.Transitions:
			t.Errorf("the term is %s after %s/%d", after.Token(), before.UID, before.Transitions)
		case after.UID != before.UID && before.Transitions >= -1 && before.Transitions < math.MaxInt32:
			t.Errorf("the Lease was made anew although it could count on from %d", before.Transitions)
		}
		if now, err := client.Leases("default").Get(t.Context(), l.Name, metav1.GetOptions{}); err != nil || !after.Is(Record(now)) {
			t.Errorf("the Lease is %+v, %v; want it in term %s", now, err, after.Token())
		}
	})
}

// wantShown checks what a candidate is shown of a Lease that it did not write.
func wantShown(t *testing.T, stored lease.Record, expired bool, shown resourcelock.LeaderElectionRecord, raw []byte) {
	t.Helper()
	free := stored.Holder == "" || expired
	switch {
	case free != (shown.HolderIdentity == ""):
		t.Errorf("shown %+v of %+v, expired %v", shown, stored, expired)
	case !free && shown.LeaseDurationSeconds <= 0:
		t.Errorf("a Lease that is held is shown with %d seconds: the elector would take it", shown.LeaseDurationSeconds)
	case !free && !strings.HasPrefix(shown.HolderIdentity, stored.Holder), shown.HolderIdentity == "a_1":
		t.Errorf("holder %q is shown as %q", stored.Holder, shown.HolderIdentity)
	}
	var read resourcelock.LeaderElectionRecord
	if err := json.Unmarshal(raw, &read); err != nil || read.LeaseDurationSeconds != shown.LeaseDurationSeconds || read.LeaderTransitions != shown.LeaderTransitions {
		t.Errorf("the elector compares %s, which is not %+v: %v", raw, shown, err)
	}
}
