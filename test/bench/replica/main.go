package replica

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"

	"github.com/kindred-k8s/kindred/test/bench/journal"
	"github.com/kindred-k8s/kindred/test/bench/system"
)

// Main makes this process a replica if it was started as one, and does not return
// then.
func Main() {
	o, is, err := ordered()
	if !is {
		return
	}
	// What is logged, at each request that fails, is of no interest to anybody.
	klog.SetOutput(io.Discard)
	klog.LogToStderr(false)
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		err = o.run(ctx)
		stop()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "replica:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func (o Order) run(ctx context.Context) error {
	s, err := system.Named(o.System)
	if err != nil {
		return err
	}
	go o.obey(os.Stdin, os.Stdout)
	var (
		running sync.WaitGroup
		mu      sync.Mutex
		errs    []error
	)
	for _, pod := range o.Pods {
		m, err := o.member(pod)
		if err != nil {
			return err
		}
		running.Go(func() {
			if err := s.Run(ctx, m); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, fmt.Errorf("%s: %w", pod, err))
			}
		})
	}
	running.Wait()
	return errors.Join(errs...)
}

// member returns the replica with its own connections to the API server.
func (o Order) member(pod string) (system.Member, error) {
	config, err := clientcmd.BuildConfigFromFlags("", o.Kubeconfig)
	if err != nil {
		return system.Member{}, err
	}
	config.QPS = -1 // a limit would be measured, in place of what is behind it
	// client-go shares connections between configs whose dialers are the same.
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}
	config.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, address)
	}
	return system.Member{
		Config: config, Namespace: o.Namespace, Pod: pod, Revision: o.Revision, Capacity: o.Capacity,
		Kinds: system.Kinds(o.Kinds), Timing: o.Timing,
		Work: func(ctx context.Context, kind schema.GroupKind) { o.work(ctx, pod, kind) },
	}, nil
}

// work is the same in all systems: it notes that it begins, is idle until it is told
// to stop, takes its time to finish, and notes that it has.
func (o Order) work(ctx context.Context, pod string, kind schema.GroupKind) {
	o.note(journal.Start, pod, kind)
	<-ctx.Done()
	time.Sleep(o.Finish)
	o.note(journal.Stop, pod, kind)
}

func (o Order) note(event journal.Event, pod string, kind schema.GroupKind) {
	l := journal.Line{At: time.Now(), Event: event, Kind: kind.String(), Replica: pod}
	if err := journal.Append(o.Journal, l); err != nil {
		fmt.Fprintln(os.Stderr, "replica:", err) // without the journal nothing is measured
		os.Exit(1)
	}
}

// obey answers each line of input with a report, and ends the process with the input:
// its parent is gone.
func (o Order) obey(in io.Reader, out io.Writer) {
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		r, err := o.report(n)
		if err == nil {
			err = json.NewEncoder(out).Encode(r)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "replica:", err)
			os.Exit(1)
		}
	}
	os.Exit(1)
}
