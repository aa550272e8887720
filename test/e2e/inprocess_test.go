package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-logr/logr/funcr"
	"k8s.io/client-go/rest"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// member is a replica inside the test, for what the sample operator has no flag
// for. Its reconcilers do nothing but write to the journal.
type member struct {
	t      *testing.T
	name   string
	log    string
	cancel context.CancelFunc
	done   chan struct{}
	err    error // what Run returned; read after done
}

// join runs a coordinator with an identity that the test chooses; name is for its
// log.
func (f *fleet) join(name, identity string, config *rest.Config) *member {
	f.t.Helper()
	m := &member{t: f.t, name: name, log: filepath.Join(f.dir, name+".log"), done: make(chan struct{})}
	file, err := os.Create(m.log)
	if err != nil {
		f.t.Fatal(err)
	}
	logger := funcr.New(func(_, args string) { fmt.Fprintln(file, args) }, funcr.Options{LogTimestamp: true})
	var kinds []coordinator.Kind
	for _, kind := range sample.Kinds {
		kinds = append(kinds, coordinator.Kind{GroupKind: kind, Reconciler: f.journaling(identity)})
	}
	c, err := coordinator.New(config, coordinator.Options{
		Component: f.component, Namespace: f.namespace, PodName: lease.PodName(identity), Identity: identity,
		Timing: f.timing, RebalanceDelay: f.rebalance, Logger: &logger,
	}, kinds...)
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	m.cancel = cancel
	go func() {
		defer close(m.done)
		defer file.Close()
		m.err = c.Run(ctx)
	}()
	f.t.Cleanup(func() {
		m.cancel()
		<-m.done
	})
	return m
}

func (f *fleet) journaling(identity string) coordinator.Reconciler {
	return coordinator.ReconcilerFunc(func(ctx context.Context, term lease.Term) error {
		l := line{Event: "start", Kind: term.Shard.String(), Replica: lease.PodName(identity), PID: os.Getpid(), Term: term.Token()}
		f.journal.write(l)
		<-ctx.Done()
		l.Event = "stop"
		f.journal.write(l)
		return nil
	})
}

// stop lets it leave and returns what Run returned.
func (m *member) stop() error {
	m.cancel()
	<-m.done
	return m.err
}

// ends waits until Run returns by itself.
func (m *member) ends() error {
	m.t.Helper()
	within(m.t, settleTimeout, "Run of "+m.name+" to return", func(context.Context) error {
		select {
		case <-m.done:
			return nil
		default:
			return fmt.Errorf("it has not: %s", lastLines(readLog(m.t, m.log), 5))
		}
	})
	return m.err
}

// ownedBy waits until one replica owns all of the fleet's kinds.
func (f *fleet) ownedBy(name string) {
	f.t.Helper()
	within(f.t, settleTimeout, name+" to own every kind", func(ctx context.Context) error {
		owners, err := f.owned(ctx)
		for kind, owner := range owners {
			if err == nil && owner != name {
				err = fmt.Errorf("%s is owned by %s", kind, owner)
			}
		}
		return err
	})
}
