package broken

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	utilrand "k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/kindred-k8s/kindred/pkg/fence"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// orderEnv makes the test program a replica, with its order as JSON.
const orderEnv = "KINDRED_TEST_BROKEN"

// component is the name of the controller in each system.
const component = "writer"

// timing is the same for all.
var timing = lease.Timing{LeaseDuration: 4 * time.Second, RenewDeadline: 3 * time.Second, RetryPeriod: 500 * time.Millisecond}

// Signals to a replica.
const (
	// stopAtWrite: the process is to stop itself right before it sends its next write.
	stopAtWrite = syscall.SIGUSR1
	// goDeaf: its reconcilers are to ignore their contexts from now on.
	goDeaf = syscall.SIGUSR2
)

// order says what a replica is to be.
type order struct {
	System           string
	Host, Token, Pod string
	CA               []byte
	Namespace        string
}

// runReplica is the life of a replica.
func runReplica() int {
	var o order
	if err := json.Unmarshal([]byte(os.Getenv(orderEnv)), &o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := o.run(context.Background()); err != nil {
		klog.ErrorS(err, "the replica ends")
		return 1
	}
	return 0
}

func (o order) run(ctx context.Context) error {
	config := &rest.Config{Host: o.Host, BearerToken: o.Token, TLSClientConfig: rest.TLSClientConfig{CAData: o.CA}, QPS: -1}
	w := &worker{identity: o.Pod + "_" + utilrand.String(8), order: o}
	wire := &wire{}
	w.listen(wire)

	// The wire is inside the guard: what comes there has been let through.
	writes := rest.CopyConfig(config)
	writes.Wrap(func(base http.RoundTripper) http.RoundTripper {
		wire.base = base
		return wire
	})
	var err error
	if systems[o.System].guarded {
		if writes, err = fence.Wrap(writes, fence.RefuseUnfenced); err != nil {
			return err
		}
	}
	if w.client, err = dynamic.NewForConfig(writes); err != nil {
		return err
	}
	return systems[o.System].program(ctx, config, w)
}

// listen does what signals say.
func (w *worker) listen(wire *wire) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, stopAtWrite, goDeaf)
	go func() {
		for s := range signals {
			klog.InfoS("told", "signal", s)
			switch s {
			case stopAtWrite:
				wire.stop.Store(true)
			case goDeaf:
				w.deaf.Store(true)
			}
		}
	}()
}

// wire is where requests leave the process.
type wire struct {
	base http.RoundTripper
	stop atomic.Bool
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPatch && w.stop.CompareAndSwap(true, false) {
		if err := stopHere(); err != nil {
			return nil, err
		}
		// What the network has can no longer be cancelled.
		r = r.WithContext(context.WithoutCancel(r.Context()))
	}
	return w.base.RoundTrip(r)
}

// stopHere stops the process with SIGSTOP, and returns when it is continued. The
// signal is for this thread, which therefore does nothing more before it stops; the
// process's others could have it first.
func stopHere() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return unix.Tgkill(os.Getpid(), unix.Gettid(), unix.SIGSTOP)
}
