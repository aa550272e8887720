package assign_test

import (
	"fmt"
	"slices"
	"testing"

	. "github.com/kindred-k8s/kindred/pkg/assign"
)

var sizes = []struct{ shards, replicas int }{{5, 5}, {50, 20}, {200, 20}, {1000, 100}, {10000, 1000}}

// fleet is an input where nothing is owned and everyone serves everything.
func fleet(shards, replicas int) Input {
	var in Input
	for i := range shards {
		in.Shards = append(in.Shards, Shard{Name: fmt.Sprintf("Kind%05d.sample.kindred.dev", i)})
	}
	for i := range replicas {
		in.Replicas = append(in.Replicas, Replica{Name: fmt.Sprintf("controller-%04d", i), Ready: true, ServesAll: true})
	}
	return in
}

// restrict makes four revisions: each serves a tenth of the kinds less than the next.
func restrict(in Input) Input {
	for i := range in.Replicas {
		r := &in.Replicas[i]
		r.ServesAll = false
		for _, s := range in.Shards[:len(in.Shards)*(7+i%4)/10] {
			r.Serves = append(r.Serves, s.Name)
		}
	}
	return in
}

func weigh(in Input) Input {
	for i := range in.Shards {
		in.Shards[i].Weight = int64(1 + i*7919%97)
	}
	return in
}

// tookAll is the input with everything that the last replica serves owned by it.
func tookAll(in Input) Input {
	in.Shards = slices.Clone(in.Shards)
	for i := range in.Shards {
		if r := in.Replicas[len(in.Replicas)-1]; serves(r, in.Shards[i].Name) {
			in.Shards[i].Owner = r.Name
		}
	}
	return in
}

// oneLess is the settled state of the plan after the first replica has died.
func oneLess(in Input) Input {
	in = carriedOut(in, Plan(in))
	in.Replicas = in.Replicas[1:]
	return in
}

func BenchmarkPlan(b *testing.B) {
	for _, kind := range []struct {
		name string
		make func(Input) Input
	}{
		{"even", func(in Input) Input { return in }},
		{"restricted", restrict},
		{"weighted", weigh},
	} {
		for _, size := range sizes {
			fresh := kind.make(fleet(size.shards, size.replicas))
			for _, state := range []struct {
				name string
				in   Input
			}{
				{"fresh", fresh},
				{"settled", carriedOut(fresh, Plan(fresh))},
				{"one-dies", oneLess(fresh)},
				{"one-has-all", tookAll(fresh)},
			} {
				b.Run(fmt.Sprintf("%s/%dx%d/%s", kind.name, size.shards, size.replicas, state.name), func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						Plan(state.in)
					}
				})
			}
		}
	}
}
