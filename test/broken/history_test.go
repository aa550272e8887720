package broken

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
)

// lookAgain is how long the history waits when the API server does not answer.
const lookAgain = 50 * time.Millisecond

// errUnreadable is found in errors about a version that no writer here has written.
var errUnreadable = errors.New("what cannot be read: version")

// history is every version of every object of one kind, in all namespaces, each
// once and in order. It comes from one watch. When that breaks, the next one begins
// at the last version that was seen. An API server that has been restarted does not
// know versions from before its start; etcd does, and what was missed is read from
// there, see catchUp.
type history struct {
	kind    schema.GroupKind
	objects dynamic.NamespaceableResourceInterface

	mu sync.Mutex
	// at is the resourceVersion up to which everything is known.
	at uint64
	// versions are by namespace. They are only appended to.
	versions map[string][]version
	// caughtUp counts those that no watch has told.
	caughtUp int
}

// follow starts the history of a kind, to the end of the test.
func follow(t *testing.T, kind schema.GroupKind) *history {
	t.Helper()
	h := &history{kind: kind, objects: plane.objects.Resource(sample.GVR(kind)), versions: map[string][]version{}}
	list, err := h.objects.List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if h.at, err = parseVersion(list.GetResourceVersion()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := h.run(ctx); err != nil {
			t.Errorf("the history of %s has a hole: %v", kind, err)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return h
}

// run returns an error when there is something that can no longer be known.
func (h *history) run(ctx context.Context) error {
	for ctx.Err() == nil {
		err := h.watch(ctx)
		if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
			if err = h.catchUp(ctx); apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
				return err // etcd has forgotten it
			}
		}
		if errors.Is(err, errUnreadable) {
			return err
		}
		if err != nil {
			time.Sleep(lookAgain)
		}
	}
	return nil
}

// watch appends what it is told until the watch breaks.
func (h *history) watch(ctx context.Context) error {
	w, err := h.objects.Watch(ctx, metav1.ListOptions{ResourceVersion: strconv.FormatUint(h.at, 10)})
	if err != nil {
		return err
	}
	defer w.Stop()
	for event := range w.ResultChan() {
		object, ok := event.Object.(*unstructured.Unstructured)
		if !ok {
			return apierrors.FromObject(event.Object)
		}
		now := time.Now()
		v, err := versionOf(object, now)
		if err != nil {
			return err
		}
		h.add(object.GetNamespace(), v)
	}
	return errors.New("the watch has ended")
}

// catchUp appends the versions from the last one known to the present, by reading
// them backwards: the newest version of a list is the write that made it, and the
// list before that write has the next. Nobody was told of them when they were new,
// so they count as seen when they were sent.
func (h *history) catchUp(ctx context.Context) error {
	type missed struct {
		namespace string
		version
	}
	var all []missed
	options := metav1.ListOptions{} // the present
	var upTo uint64
	for {
		list, err := h.objects.List(ctx, options)
		if err != nil {
			return err
		}
		if upTo == 0 {
			if upTo, err = parseVersion(list.GetResourceVersion()); err != nil {
				return err
			}
		}
		newest := missed{}
		for i := range list.Items {
			v, err := versionOf(&list.Items[i], time.Time{})
			if err != nil {
				return err
			}
			if v.at > newest.at {
				v.seen = v.sent
				newest = missed{list.Items[i].GetNamespace(), v}
			}
		}
		if newest.at <= h.at {
			break
		}
		all = append(all, newest)
		options = metav1.ListOptions{
			ResourceVersion: strconv.FormatUint(newest.at-1, 10), ResourceVersionMatch: metav1.ResourceVersionMatchExact,
		}
	}
	for _, m := range slices.Backward(all) {
		h.add(m.namespace, m.version)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at, h.caughtUp = max(h.at, upTo), h.caughtUp+len(all)
	return nil
}

// add appends a version, unless it is known or nobody's work.
func (h *history) add(namespace string, v version) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if v.at <= h.at {
		return
	}
	h.at = v.at
	if v.writer != "" {
		h.versions[namespace] = append(h.versions[namespace], v)
	}
}

// of returns a namespace's versions so far.
func (h *history) of(namespace string) []version {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := h.versions[namespace]
	return all[:len(all):len(all)]
}

// missed returns how many versions no watch has told.
func (h *history) missed() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.caughtUp
}

// versionOf reads what a writer has written. An object that nobody has written yet
// has no writer.
func versionOf(object *unstructured.Unstructured, seen time.Time) (version, error) {
	v := version{object: object.GetName(), seen: seen}
	var err error
	if v.at, err = parseVersion(object.GetResourceVersion()); err != nil {
		return v, fmt.Errorf("%w of %s: %w", errUnreadable, object.GetName(), err)
	}
	text := func(field string) string {
		value, _, _ := unstructured.NestedString(object.Object, "status", field)
		return value
	}
	if v.writer = text("pod"); v.writer == "" {
		return v, nil
	}
	var errSent, errTerm error
	v.sent, errSent = time.Parse(time.RFC3339Nano, text("phase"))
	v.term, errTerm = termNumber(text("term"))
	if err := errors.Join(errSent, errTerm); err != nil {
		return v, fmt.Errorf("%w %d of %s: %w", errUnreadable, v.at, object.GetName(), err)
	}
	return v, nil
}

// termNumber reads the number in a term's token. Nobody deletes a Lease here, so
// its terms are counted without a break.
func termNumber(token string) (int, error) {
	n, err := strconv.Atoi(token[strings.LastIndexByte(token, '/')+1:])
	if err != nil {
		err = fmt.Errorf("the term %q has no number: %w", token, err)
	}
	return n, err
}

func parseVersion(text string) (uint64, error) {
	v, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("the resourceVersion: %w", err)
	}
	return v, nil
}
