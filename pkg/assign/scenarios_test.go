package assign_test

import (
	"strings"
	"testing"

	. "github.com/kindred-k8s/kindred/pkg/assign"

	"github.com/google/go-cmp/cmp"
)

// Scenarios in a small notation.
//
//	replicas: "a b:draining c:notready d*2 e(x,y)"  *2 is a capacity, (x,y) what it serves; else everything
//	shards:   "x=a y= z*5=b"                        owner of today; *5 is a weight; x#1 has bucket 1
//	plan:     "x=a y=b:Vacant"                      the reason is left out when it is Keep
var scenarios = []struct{ name, replicas, shards, plan string }{
	{"five and five, fresh", "a b c d e", "u= v= x= y= z=",
		"u=a:Vacant v=b:Vacant x=c:Vacant y=d:Vacant z=e:Vacant"},
	{"five and five, the first took all", "a b c d e", "u=a v=a x=a y=a z=a",
		"u=a v=b:Balance x=c:Balance y=d:Balance z=e:Balance"},
	{"five and five, settled", "a b c d e", "u=e v=d x=c y=b z=a", "u=e v=d x=c y=b z=a"},
	{"more kinds than replicas", "a b", "u= v= x= y= z=",
		"u=a:Vacant v=a:Vacant x=a:Vacant y=b:Vacant z=b:Vacant"},
	{"fewer kinds than replicas", "a b c d e", "x= y=", "x=a:Vacant y=b:Vacant"},
	{"scale from five to three", "a b c", "u=a v=b x=c y=d z=e",
		"u=a v=b x=c y=a:OwnerGone z=b:OwnerGone"},
	{"scale from three to five", "a b c d e", "u=a v=b x=c y=a z=b",
		"u=a v=b x=c y=d:Balance z=e:Balance"},
	{"the larger share stays where it is", "a b", "x=b y=b z=a", "x=b y=b z=a"},
	{"a draining replica", "a b:draining c", "x=a y=b z=c w=b",
		"w=a:OwnerDraining x=a y=c:OwnerDraining z=c"},
	{"a draining replica that is also not ready", "a b:draining:notready", "x=b", "x=a:OwnerDraining"},
	{"the last replica drains", "a:draining", "x=a y=", "x=:NobodyServes y=:NobodyServes"},
	{"everyone is gone", "", "x=a y=", "x=:NobodyServes y=:NobodyServes"},
	{"not ready keeps and gets nothing", "a:notready b", "x=a y=a z=",
		"x=a:KeepNotReady y=a:KeepNotReady z=b:Vacant"},
	{"not ready does not keep what it cannot run", "a:notready(y) b", "x=a y=a",
		"x=b:OwnerDoesNotServe y=a:KeepNotReady"},
	{"ready does not keep what it cannot run", "a(y) b", "x=a y=a", "x=b:OwnerDoesNotServe y=a"},
	{"two programs with nothing in common", "a(u,v) b(u,v) c(x,y,z) d(x,y,z)", "u=a v=a x=c y=c z=",
		"u=a v=b:Balance x=c y=c z=d:Vacant"},
	{"two revisions, the newer serves one kind more", "old(x,y) new(x,y,z)", "x=new y=new z=",
		"x=new y=old:Balance z=new:Vacant"},
	{"a chain of moves makes room", "a(x) b(x,y) c(y,z)", "x=b y=c z=", "x=a:Balance y=b:Balance z=c:Vacant"},
	{"a kind that nobody serves", "a(x) b(x)", "x=a y=", "x=a y=:NobodyServes"},
	{"a replica that serves nothing", "a() b", "x= y=", "x=b:Vacant y=b:Vacant"},
	{"capacities", "a*3 b", "u= v= x= y=", "u=a:Vacant v=a:Vacant x=a:Vacant y=b:Vacant"},
	{"equal loads, the larger capacity gets the next", "a b*2", "x=", "x=b:Vacant"},
	{"weights", "a b", "u*6= v*3= x*2= y*1=", "u=a:Vacant v=b:Vacant x=b:Vacant y=b:Vacant"},
	{"weights, the heaviest is placed first", "a b", "u*1= v*2= x*3= y*6=",
		"u=b:Vacant v=b:Vacant x=b:Vacant y=a:Vacant"},
	{"weights, a move", "a b", "u*6=a v*4=a x*2=b", "u=a v=b:Balance x=b"},
	{"weights, a swap", "a b", "u*6=a v*5=a x*4=b y*3=b", "u=b:Balance v=a x=a:Balance y=b"},
	{"weights and capacities", "a*2 b", "u*4= v*4= x*3=", "u=a:Vacant v=a:Vacant x=b:Vacant"},
	{"equal weights of any size are equal", "a b", "u*9=a v*9=a x*9=a", "u=a v=a x=b:Balance"},
	{"buckets without their index stay together", "a b", "u-0= u-1= v= x=",
		"u-0=a:Vacant u-1=a:Vacant v=b:Vacant x=b:Vacant"},
	{"buckets are spread", "a b", "u-0= u-1#1= v= x=",
		"u-0=a:Vacant u-1=b:Vacant v=a:Vacant x=b:Vacant"},
	{"no shards", "a b", "", ""},
}

func TestScenarios(t *testing.T) {
	for _, sc := range scenarios {
		t.Run(sc.name, func(t *testing.T) {
			in := Input{Replicas: parseReplicas(sc.replicas), Shards: parseShards(sc.shards)}
			var got []string
			for _, d := range Plan(in).Decisions {
				item := d.Shard + "=" + d.Owner
				if d.Reason != Keep {
					item += ":" + string(d.Reason)
				}
				got = append(got, item)
			}
			if diff := cmp.Diff(sc.plan, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Five replicas, then three, then five again: each step moves only what it must.
func TestScaleDownAndUp(t *testing.T) {
	five, three := parseReplicas("a b c d e"), parseReplicas("a b c")
	in := Input{Replicas: five, Shards: parseShards("u= v= w= x= y= z=")}
	for _, step := range []struct {
		replicas []Replica
		changes  int
	}{{five, 6}, {five, 0}, {three, 2}, {three, 0}, {five, 2}, {five, 0}} {
		in.Replicas = step.replicas
		plan := Plan(in)
		if got := plan.Changes(); got != step.changes {
			t.Errorf("%d replicas: %d changes, want %d: %v", len(step.replicas), got, step.changes, plan)
		}
		in = carriedOut(in, plan)
	}
}

func parseReplicas(text string) (out []Replica) {
	for _, item := range strings.Fields(text) {
		r := Replica{Ready: true, ServesAll: true}
		if before, list, ok := strings.Cut(item, "("); ok {
			item, r.ServesAll = before, false
			r.Serves = strings.Split(strings.TrimSuffix(list, ")"), ",")
		}
		words := strings.Split(item, ":")
		for _, w := range words[1:] {
			r.Draining = r.Draining || w == "draining"
			r.Ready = r.Ready && w != "notready"
		}
		r.Name, r.Capacity = number(words[0], "*")
		out = append(out, r)
	}
	return out
}

func parseShards(text string) (out []Shard) {
	for _, item := range strings.Fields(text) {
		var s Shard
		item, s.Owner, _ = strings.Cut(item, "=")
		item, s.Weight = number(item, "*")
		name, bucket := number(item, "#")
		s.Name, s.Bucket = name, int(bucket)
		out = append(out, s)
	}
	return out
}

// number splits "x*5" into "x" and 5; without the sign, the number is 0.
func number(item, sign string) (string, int64) {
	before, after, _ := strings.Cut(item, sign)
	var n int64
	for _, c := range after {
		n = 10*n + int64(c-'0')
	}
	return before, n
}
