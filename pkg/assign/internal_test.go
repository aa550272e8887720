package assign

import (
	"go/parser"
	"go/token"
	"math/rand"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The two ways to solve the cheap case agree on balance and moves, also where no oracle can follow.
func TestEvenAgreesWithExact(t *testing.T) {
	for seed := range 300 {
		rnd := rand.New(rand.NewSource(int64(seed)))
		n := 1 + rnd.Intn(20)
		p := &problem{servers: [][]int{make([]int, n)}}
		for r := range n {
			p.servers[0][r] = r
			p.capacity = append(p.capacity, int64(1+rnd.Intn(1+seed%5)))
		}
		for range rnd.Intn(100) {
			p.weight = append(p.weight, 1)
			p.class = append(p.class, 0)
			p.home = append(p.home, rnd.Intn(n+1)-1)
			p.recent = append(p.recent, rnd.Intn(3))
		}
		even, exact := p.solveEven(), p.solveExact()
		if got, want := p.slots(even), p.slots(exact); !slices.Equal(got, want) {
			t.Fatalf("seed %d: even fills %v, exact %v", seed, got, want)
		}
		if got, want := p.moves(even), p.moves(exact); got != want {
			t.Fatalf("seed %d: even moves %d, exact %d", seed, got, want)
		}
	}
}

// slots lists each replica's largest filled slot, in order.
func (p *problem) slots(owner []int) []slot {
	out := make([]slot, len(p.capacity))
	for r, c := range p.capacity {
		out[r].capacity = c
	}
	for _, r := range owner {
		out[r].level++
	}
	slices.SortFunc(out, slot.compare)
	return out
}

func (p *problem) moves(owner []int) (n int) {
	for s, h := range p.home {
		if h != nobody && h != owner[s] {
			n++
		}
	}
	return n
}

// The plan is a pure function: nothing that could make two calls differ, or wait, may be imported.
func TestImports(t *testing.T) {
	allowed := []string{"cmp", "container/heap", "math", "slices", "strings"}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			if path, _ := strconv.Unquote(spec.Path.Value); !slices.Contains(allowed, path) {
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
}

// Repeated names are the caller's mistake; the plan is then unspecified, but there is one.
func TestRepeatedNamesDoNotPanic(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	for range 2000 {
		var in Input
		for range rnd.Intn(8) {
			in.Shards = append(in.Shards, Shard{Name: string(rune('a' + rnd.Intn(3))), Weight: int64(rnd.Intn(2)), Owner: string(rune('p' + rnd.Intn(4)))})
		}
		for range rnd.Intn(5) {
			in.Replicas = append(in.Replicas, Replica{
				Name: string(rune('p' + rnd.Intn(3))), Ready: rnd.Intn(3) > 0, ServesAll: rnd.Intn(2) > 0,
				Serves: []string{"a"}, Capacity: int64(rnd.Intn(3)),
			})
		}
		if got := len(Plan(in).Decisions); got != len(in.Shards) {
			t.Fatalf("%d decisions for %d shards", got, len(in.Shards))
		}
	}
}
