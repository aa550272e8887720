package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/bucket"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// databases is the one kind of these tests, and how many objects it has.
const databases, manyDatabases = "Database." + sample.Group, 24

// split is a fleet of one kind whose objects are watched: what is written into their
// status says who reconciled them, in which term.
type split struct {
	*fleet
	mu     sync.Mutex
	writes map[types.NamespacedName][]string // terms, in order
}

func newSplit(t *testing.T) *split {
	objects := newNamespace(t)
	if err := sample.CreateSamples(t.Context(), plane.config, objects, manyDatabases); err != nil {
		t.Fatal(err)
	}
	s := &split{writes: map[types.NamespacedName][]string{}}
	s.fleet = newFleet(t, func(f *fleet) { f.kinds, f.objects = []string{databases}, objects })
	client, err := dynamic.NewForConfig(plane.config)
	if err != nil {
		t.Fatal(err)
	}
	w, err := client.Resource(sample.GVR(lease.ParseShard(databases).Kind)).Namespace(objects).Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for event := range w.ResultChan() {
			s.saw(event)
		}
	}()
	t.Cleanup(func() {
		w.Stop()
		<-done
	})
	return s
}

func (s *split) saw(event watch.Event) {
	object, ok := event.Object.(*unstructured.Unstructured)
	if !ok {
		return
	}
	term, _, _ := unstructured.NestedString(object.Object, "status", "term")
	key := types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetName()}
	s.mu.Lock()
	defer s.mu.Unlock()
	if terms := s.writes[key]; len(terms) == 0 || terms[len(terms)-1] != term {
		s.writes[key] = append(terms, term)
	}
}

func (s *split) add(name string, buckets int, revision string) {
	s.t.Helper()
	s.launch(name, nil, "--kinds=Database", fmt.Sprintf("--buckets=Database=%d", buckets), "--revision="+revision)
}

// settled waits until the kind is owned in so many buckets, by so many replicas, and
// every object was reconciled in the term of its bucket. It returns the terms.
func (s *split) settled(buckets int, replicas ...string) map[string]line {
	s.t.Helper()
	var owned map[string]line
	within(s.t, 40*time.Second, fmt.Sprintf("%d buckets with %v", buckets, replicas), func(context.Context) error {
		owned = s.journal.now()
		shards := map[string]bool{}
		for _, shard := range lease.ShardsOf(lease.ParseShard(databases).Kind, buckets) {
			shards[shard.String()] = true
		}
		with := map[string]bool{}
		for shard, l := range owned {
			if !shards[shard] {
				return fmt.Errorf("%s runs %s", l.Replica, shard)
			}
			with[l.Replica] = true
		}
		if len(owned) != len(shards) || !slices.Equal(slices.Sorted(maps.Keys(with)), replicas) {
			return fmt.Errorf("%d shards run, by %v", len(owned), with)
		}
		return s.reconciled(owned)
	})
	return owned
}

// reconciled says which object was not reconciled by its owner of now.
func (s *split) reconciled(owned map[string]line) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.writes) != manyDatabases {
		return fmt.Errorf("%d objects have been seen, of %d", len(s.writes), manyDatabases)
	}
	for key, terms := range s.writes {
		for shard, l := range owned {
			if s.has(shard, key) && terms[len(terms)-1] != l.Term {
				return fmt.Errorf("%s is with %s in term %s, and was reconciled in the terms %q", key, l.Replica, l.Term, terms)
			}
		}
	}
	return nil
}

// has says whether an object is in a shard.
func (s *split) has(shard string, key types.NamespacedName) bool {
	parsed := lease.ParseShard(shard)
	name, err := parsed.Name(s.component)
	if err != nil {
		s.t.Error(err)
	}
	return bucket.Of(lease.Term{Shard: parsed, Lease: name})(key)
}

// checkWrites: whatever was ever written into an object's status was written in a term
// of a shard that it is in.
func (s *split) checkWrites() {
	s.t.Helper()
	shards := map[string]string{} // term -> shard
	for _, l := range s.journal.since(0) {
		if l.Event == "start" {
			shards[l.Term] = l.Kind
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, terms := range s.writes {
		for _, term := range terms {
			if shard := shards[term]; term != "" && (shard == "" || !s.has(shard, key)) {
				s.t.Errorf("%s was reconciled in term %s of %q, where it does not belong", key, term, shard)
			}
		}
	}
}

// Several replicas share one kind. Each object is reconciled by the owner of its
// bucket and by nobody else, and goes with the bucket when a replica stops, or dies.
func TestReplicasShareOneKind(t *testing.T) {
	t.Parallel()
	s := newSplit(t)
	for _, name := range names(3) {
		s.add(name, 6, "1")
	}
	owned := s.settled(6, "op-0", "op-1", "op-2")
	counts := map[string]int{}
	for _, l := range owned {
		counts[l.Replica]++
	}
	if len(counts) != 3 {
		t.Errorf("buckets per replica: %v", counts)
	}
	mark := s.journal.mark()
	s.stop("op-0")
	s.settled(6, "op-1", "op-2")
	for shard, gap := range s.journal.gaps(mark) {
		t.Logf("%s had no reconciler for %v", shard, gap)
	}
	s.kill("op-1")
	s.settled(6, "op-2")
	s.checkWrites()
}

// A rolling update changes the number of buckets, from none to four and back. The
// journal fails the test if two layouts ever have a reconciler at once.
func TestRollingUpdateOfBuckets(t *testing.T) {
	t.Parallel()
	s := newSplit(t)
	old, next := []string{"old-0", "old-1"}, []string{"new-0", "new-1"}
	for _, name := range old {
		s.add(name, 1, "1")
	}
	within(t, 30*time.Second, "an owner of the whole kind", func(context.Context) error { return s.owns(databases) })
	roll := func(from, to []string, buckets int, revision string) {
		for i := range from {
			mark := s.journal.mark()
			s.add(to[i], buckets, revision)
			within(t, 30*time.Second, to[i]+" is ready", func(ctx context.Context) error { return s.ready(ctx, to[i]) })
			s.stop(from[i])
			within(t, 30*time.Second, "a reconciler", func(context.Context) error {
				if len(s.journal.now()) == 0 {
					return errors.New("none runs")
				}
				return nil
			})
			gap := s.idle(mark)
			t.Logf("%s for %s: nobody reconciled the kind for %v", to[i], from[i], gap)
			if gap > 10*time.Second {
				t.Errorf("the kind was without any reconciler for %v", gap)
			}
		}
	}
	roll(old, next, 4, "2")
	s.settled(4, next...)
	roll(next, old, 1, "3")
	within(t, 30*time.Second, "an owner of the whole kind again", func(context.Context) error { return s.owns(databases) })
	within(t, 30*time.Second, "every object is reconciled by it", func(context.Context) error { return s.reconciled(s.journal.now()) })
	s.checkWrites()
}

// idle returns the longest time after a mark in which no reconciler of the kind ran.
func (s *split) idle(mark int) time.Duration {
	var longest time.Duration
	var since time.Time
	running := map[string]bool{}
	for i, l := range s.journal.since(0) {
		switch l.Event {
		case "start":
			if len(running) == 0 && i >= mark && !since.IsZero() {
				longest = max(longest, l.at().Sub(since))
			}
			running[l.Kind] = true
		case "stop":
			delete(running, l.Kind)
			since = l.at()
		}
	}
	return longest
}

func (s *split) owns(shard string) error {
	if now := s.journal.now(); len(now) != 1 || now[shard].Replica == "" {
		return fmt.Errorf("%v", now)
	}
	return nil
}

// ready says whether a replica says that it is.
func (s *split) ready(ctx context.Context, name string) error {
	list, err := plane.client.CoordinationV1().Leases(s.namespace).List(ctx, metav1.ListOptions{LabelSelector: lease.LabelRole + "=" + lease.RoleMember})
	if err != nil {
		return err
	}
	for _, l := range list.Items {
		if strings.HasPrefix(l.Name, s.component+"."+name+"-") && strings.Contains(l.Annotations[lease.AnnotationMember], `"phase":"ready"`) &&
			strings.Contains(l.Annotations[lease.AnnotationMember], databases) {
			return nil
		}
	}
	return fmt.Errorf("not among %d members", len(list.Items))
}
