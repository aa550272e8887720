package lease_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"pgregory.net/rapid"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

func TestShardName(t *testing.T) {
	for _, test := range []struct {
		component, group, kind string
		want, wantError        string
	}{
		{"widget-operator", "sample.kindred.dev", "Database", "widget-operator.database.sample.kindred.dev", ""},
		{"op", "", "Pod", "op.pod.core", ""},
		{"op", "apps", "Deployment", "op.deployment.apps", ""},
		{"", "g.io", "K", "", "component is empty"},
		{"a.b", "g.io", "K", "", "must not contain dots"},
		{"Op", "g.io", "K", "", "lower case"},
		{"op", "g.io", "", "", "has no Kind"},
		{"op", "g.io", "Under_score", "", "not a valid name"},
		{"op", strings.Repeat("g.", 120) + "io", "LongKindName", "", "shorten the component name"},
	} {
		name, err := lease.ShardOf(schema.GroupKind{Group: test.group, Kind: test.kind}).Name(test.component)
		if name != test.want {
			t.Errorf("%+v: name %q", test, name)
		}
		if (err == nil) != (test.wantError == "") || err != nil && !strings.Contains(err.Error(), test.wantError) {
			t.Errorf("%+v: error %v", test, err)
		}
	}
}

func TestShardRoundTrip(t *testing.T) {
	for _, gk := range []schema.GroupKind{{Group: "sample.kindred.dev", Kind: "Database"}, {Kind: "Pod"}} {
		if got := lease.ParseShard(lease.ShardOf(gk).String()); got.Kind != gk {
			t.Errorf("%v reads back as %v", gk, got.Kind)
		}
	}
}

func TestMemberName(t *testing.T) {
	for identity, want := range map[string]string{
		"op-5d9c7-abcde_1f2e3d4c": "op.op-5d9c7-abcde-1f2e3d4c",
		"replica-1_0a0b0c0d":      "op.replica-1-0a0b0c0d",
	} {
		if got := lease.MemberName("op", identity); got != want {
			t.Errorf("%s: %s, want %s", identity, got, want)
		}
	}
}

// TestMemberNamesAreValidAndDistinct tries identities that differ in what a name
// cannot hold.
func TestMemberNamesAreValidAndDistinct(t *testing.T) {
	identity := rapid.StringMatching(`[a-cA-C_.@-]{1,8}|[a-z]{200,300}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := identity.Draw(t, "a"), identity.Draw(t, "b")
		component := rapid.SampledFrom([]string{"op", strings.Repeat("c", 63)}).Draw(t, "component")
		nameA, nameB := lease.MemberName(component, a), lease.MemberName(component, b)
		if a != b && nameA == nameB {
			t.Fatalf("%q and %q share the Lease %s", a, b, nameA)
		}
		if problems := validation.IsDNS1123Subdomain(nameA); len(problems) > 0 {
			t.Fatalf("%q: %s: %v", a, nameA, problems)
		}
		if strings.Count(nameA, ".") != 1 {
			t.Fatalf("%q: %s could be an ownership Lease: it must have one dot", a, nameA)
		}
	})
}

func TestLabels(t *testing.T) {
	got := lease.ShardOf(schema.GroupKind{Group: "sample.kindred.dev", Kind: "Database"}).Labels("op")
	want := map[string]string{
		"kindred.dev/component": "op", "kindred.dev/role": "owner",
		"kindred.dev/kind": "Database", "kindred.dev/group": "sample.kindred.dev",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	long := lease.ShardOf(schema.GroupKind{Group: strings.Repeat("g", 60) + ".example.com", Kind: "K"}).Labels("op")
	if _, has := long[lease.LabelGroup]; has {
		t.Error("a group that is too long for a label value has the label")
	}
}

func TestJudge(t *testing.T) {
	now := time.Now()
	held := func(duration, age time.Duration) *lease.Observation {
		return &lease.Observation{Record: lease.Record{Holder: "a", Duration: duration}, Since: now.Add(-age)}
	}
	for name, test := range map[string]struct {
		seen *lease.Observation
		want lease.State
	}{
		"absent":                             {nil, lease.Vacant},
		"released":                           {&lease.Observation{Since: now}, lease.Vacant},
		"fresh":                              {held(15*time.Second, 0), lease.Held},
		"just before its end":                {held(15*time.Second, 15*time.Second-1), lease.Held},
		"at its end":                         {held(15*time.Second, 15*time.Second), lease.Expired},
		"its own duration counts, not ours":  {held(60*time.Second, 30*time.Second), lease.Held},
		"a duration of zero is given ours":   {held(0, 9*time.Second), lease.Held},
		"a negative duration is given ours":  {held(-time.Hour, 11*time.Second), lease.Expired},
		"the longest duration the API holds": {held((1<<31-1)*time.Second, time.Hour), lease.Held},
	} {
		if got := lease.Judge(test.seen, 10*time.Second, now); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestNewer(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"10", "9", true}, {"9", "10", false}, {"9", "9", false},
		{"9", "", true}, {"", "9", false}, {"", "", false},
		{"123456789012345678901234567890", "99", true},
		{"not a number", "9", true},
	} {
		if got := lease.Newer(test.a, test.b); got != test.want {
			t.Errorf("Newer(%q, %q) is %v", test.a, test.b, got)
		}
	}
}

func TestTiming(t *testing.T) {
	defaults := lease.Timing{}.WithDefaults()
	if err := defaults.Validate(); err != nil {
		t.Errorf("the defaults: %v", err)
	}
	sent := time.Now()
	if got := defaults.SafeUntil(sent).Sub(sent); got != 14250*time.Millisecond {
		t.Errorf("safe for %v after a write, want 15 s less a twentieth", got)
	}
	bad := lease.Timing{LeaseDuration: 2500 * time.Millisecond, RenewDeadline: 2500 * time.Millisecond, RetryPeriod: -1}
	err := bad.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"leaseDuration is 2.5s", "retryPeriod is -1ns", "renewDeadline is 2.5s: it must be less"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}

// TestSafeUntilIsBeforeExpiry: whatever the valid timing, an owner stops acting
// before anybody who saw its last write could take over, also when its clock runs
// slower by a fiftieth.
func TestSafeUntilIsBeforeExpiry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		timing := lease.Timing{
			LeaseDuration: time.Duration(rapid.IntRange(1, 3600).Draw(t, "lease")) * time.Second,
			RenewDeadline: time.Duration(rapid.IntRange(1, 3600_000).Draw(t, "renew")) * time.Millisecond,
			RetryPeriod:   time.Duration(rapid.IntRange(1, 3600_000).Draw(t, "retry")) * time.Millisecond,
		}
		if timing.Validate() != nil {
			return
		}
		sent := time.Now()
		acts := timing.SafeUntil(sent).Sub(sent)
		if slow := acts + acts/50; slow >= timing.LeaseDuration {
			t.Fatalf("%+v: acts for %v by a clock that is 2 %% slow", timing, slow)
		}
		if timing.RenewDeadline >= acts {
			t.Fatalf("%+v: renews until %v, past safe-until", timing, timing.RenewDeadline)
		}
	})
}

func TestMemberRoundTrip(t *testing.T) {
	m := lease.Member{
		Identity: "a_1", Instance: "i", Phase: lease.Ready, Capacity: 3,
		Serves: []lease.Served{{Shard: "Database.sample.kindred.dev", Weight: 2}},
	}
	text, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := lease.DecodeMember("a_1", text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, got); diff != "" {
		t.Error(diff)
	}
}

func TestMemberThatKindredDidNotWrite(t *testing.T) {
	if _, err := lease.DecodeMember("a", "not JSON"); err == nil || !strings.Contains(err.Error(), lease.AnnotationMember) {
		t.Errorf("error %v, want one that names the annotation", err)
	}
	m, err := lease.DecodeMember("a", `{"phase":"sideways","capacity":-5,"serves":[{"shard":"K.g","weight":-1},{"shard":"L.g","weight":9223372036854775807}]}`)
	if err != nil {
		t.Fatal(err)
	}
	if m.Phase != lease.Starting || m.Capacity != 1 || m.Serves[0].Weight != 1 {
		t.Errorf("%+v: want it given nothing and its numbers raised", m)
	}
}

func TestTermToken(t *testing.T) {
	term := lease.Term{Holder: "a", UID: "u", Transitions: 7}
	if term.Token() != "u/7" {
		t.Errorf("token %s", term.Token())
	}
	if !term.Is(lease.Record{Holder: "a", UID: "u", Transitions: 7, Version: "9"}) {
		t.Error("a renewal is not of the term")
	}
	for _, r := range []lease.Record{{Holder: "b", UID: "u", Transitions: 7}, {Holder: "a", UID: "v", Transitions: 7}, {Holder: "a", UID: "u", Transitions: 8}} {
		if term.Is(r) {
			t.Errorf("%+v is of term %s", r, term.Token())
		}
	}
}
