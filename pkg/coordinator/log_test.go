package coordinator_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr/funcr"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// logLines keeps the lines of a replica's log at its default level.
type logLines struct {
	mu    sync.Mutex
	lines []map[string]any
}

func (l *logLines) options(o *coordinator.Options) {
	logger := funcr.NewJSON(func(line string) {
		fields := map[string]any{}
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			fields["msg"] = err.Error()
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.lines = append(l.lines, fields)
	}, funcr.Options{})
	o.Logger = &logger
}

// TestLog: one line for each transition, with the same keys, and none for a renewal.
func TestLog(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f, l := newFleet(t), &logLines{}
		fails := time.Now().Add(30 * time.Minute)
		f.addKinds("op-0", []coordinator.Kind{{GroupKind: groupKind("Queue"), Reconciler: coordinator.ReconcilerFunc(
			func(ctx context.Context, _ lease.Term) error {
				select {
				case <-ctx.Done():
					return nil
				case <-time.After(time.Until(fails)):
					fails = fails.Add(time.Hour)
					return errors.New("out of paper")
				}
			})}}, l.options)
		time.Sleep(10 * time.Minute) // three hundred renewals
		f.remove(f.leaseName("Queue"))
		time.Sleep(30 * time.Minute)
		r := f.replicas["op-0"]
		if err := f.stop("op-0"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()

		want := []string{
			"Joined",
			"Elected | planned owner of a vacant shard", "Term ends | the Lease was deleted",
			"Elected | planned owner of a vacant shard", "The reconciler failed and gave the kind up | the reconciler returned before its term was over", "Released | drained",
			"Elected | planned owner of a vacant shard",
			"Leaving", "Term ends | the replica is leaving", "Released | drained", "Left",
		}
		var got []string
		for _, line := range l.lines {
			text, _, _ := strings.Cut(line["msg"].(string), ":")
			if line["component"] != "op" || line["replica"] != r.Identity() {
				t.Errorf("the line does not say whose it is: %v", line)
			}
			if reason, ok := line["reason"].(string); ok {
				text += " | " + reason
				term, _ := line["term"].(string)
				if line["kind"] != "Queue."+group || line["lease"] != f.leaseName("Queue") || !strings.Contains(term, "/") {
					t.Errorf("the line does not say what it is about: %v", line)
				}
			}
			got = append(got, text)
		}
		if !slices.Equal(got, want) {
			t.Errorf("logged\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
		}
	})
}
