package fence_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/kindred-k8s/kindred/pkg/fence"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// writerEnv makes the test program a writer, with the order that it has as JSON.
const writerEnv = "KINDRED_TEST_WRITER"

// order says what a writer is to do.
type order struct {
	Host, Token, Namespace, Lease, Holder string
	CA                                    []byte
	Resource                              schema.GroupVersionResource
	Object                                string
}

// answer is what the API server answered to the write.
type answer struct {
	Code   int
	Status metav1.Status
}

func (a answer) err() error {
	if a.Code < http.StatusBadRequest {
		return nil
	}
	return &apierrors.StatusError{ErrStatus: a.Status}
}

// writer is the life of a process that writes one status.
func writer() int {
	var o order
	if err := json.Unmarshal([]byte(os.Getenv(writerEnv)), &o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	got, err := o.write(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := json.NewEncoder(os.Stdout).Encode(got); err != nil {
		return 1
	}
	return 0
}

// write checks all that a client can check, is stopped, and writes.
func (o order) write(ctx context.Context) (answer, error) {
	config := &rest.Config{Host: o.Host, BearerToken: o.Token, TLSClientConfig: rest.TLSClientConfig{CAData: o.CA}}
	term, until, err := o.term(ctx, config)
	if err != nil {
		return answer{}, err
	}
	ctx = fence.NewContext(ctx, fence.New(term, until))

	// Inside the guard, where requests come that it has let through.
	wire := &stopper{}
	config.Wrap(func(base http.RoundTripper) http.RoundTripper {
		wire.base = base
		return wire
	})
	guarded, err := fence.Wrap(config, fence.RefuseUnfenced)
	if err != nil {
		return answer{}, err
	}
	client, err := dynamic.NewForConfig(guarded)
	if err != nil {
		return answer{}, err
	}
	body := fmt.Appendf(nil, `{"status":{"phase":%q}}`, lease.PodName(o.Holder))
	_, err = client.Resource(o.Resource).Namespace(o.Namespace).Patch(ctx, o.Object, types.MergePatchType, body, metav1.PatchOptions{}, "status")
	if wire.got.Code == 0 {
		return answer{}, fmt.Errorf("it was not sent: %w", err)
	}
	return wire.got, nil
}

// term reads the Lease, and returns the term and until when it is a right to write.
func (o order) term(ctx context.Context, config *rest.Config) (lease.Term, time.Time, error) {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return lease.Term{}, time.Time{}, err
	}
	sentAt := time.Now()
	l, err := client.CoordinationV1().Leases(o.Namespace).Get(ctx, o.Lease, metav1.GetOptions{})
	if err != nil {
		return lease.Term{}, time.Time{}, err
	}
	if *l.Spec.HolderIdentity != o.Holder {
		return lease.Term{}, time.Time{}, fmt.Errorf("the holder is %s", *l.Spec.HolderIdentity)
	}
	return lease.Term{
		Namespace: o.Namespace, Lease: o.Lease, Holder: o.Holder,
		UID: string(l.UID), Transitions: int(*l.Spec.LeaseTransitions),
	}, sentAt.Add(time.Duration(*l.Spec.LeaseDurationSeconds) * time.Second), nil
}

// stopper stops the process when a request is about to be sent.
type stopper struct {
	base http.RoundTripper
	got  answer
}

func (s *stopper) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := fence.Check(r.Context()); err != nil {
		return nil, fmt.Errorf("the last check before the stop: %w", err)
	}
	if err := stopHere(); err != nil {
		return nil, err
	}
	// What the network has can no longer be cancelled.
	response, err := s.base.RoundTrip(r.WithContext(context.WithoutCancel(r.Context())))
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close() // it has been read
	if err != nil {
		return nil, err
	}
	s.got.Code = response.StatusCode
	if err := json.Unmarshal(body, &s.got.Status); response.StatusCode >= http.StatusBadRequest && err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

// stopHere stops the process with SIGSTOP, and returns when it is continued. The
// signal is for this thread, which therefore does nothing more before it stops; the
// process's others could have it first.
func stopHere() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return unix.Tgkill(os.Getpid(), unix.Gettid(), unix.SIGSTOP)
}

// process is a writer that the test has started.
type process struct {
	w              *world
	command        *exec.Cmd
	stdout, stderr bytes.Buffer
}

func (w *world) startWriter(c *client, holder string) *process {
	w.t.Helper()
	raw, err := json.Marshal(order{
		Host: c.config.Host, Token: c.config.BearerToken, CA: w.authorities(c.config),
		Namespace: w.namespace, Lease: w.lease, Holder: holder, Resource: w.resource, Object: w.object,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	p := &process{w: w, command: exec.Command(os.Args[0])}
	p.command.Env = append(os.Environ(), writerEnv+"="+string(raw))
	p.command.Stdout, p.command.Stderr = &p.stdout, &p.stderr
	if err := p.command.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if p.command.ProcessState == nil { // the test has failed before it went on
			_ = p.command.Process.Kill()
			_ = p.command.Wait()
		}
	})
	return p
}

// authorities are those of a configuration, wherever it has them.
func (w *world) authorities(config *rest.Config) []byte {
	w.t.Helper()
	if len(config.CAData) > 0 {
		return config.CAData
	}
	raw, err := os.ReadFile(config.CAFile)
	if err != nil {
		w.t.Fatal(err)
	}
	return raw
}

// waitStopped returns when the process has been stopped.
func (p *process) waitStopped() {
	p.w.t.Helper()
	p.w.eventually("the process stops", func() error {
		var status unix.WaitStatus
		pid, err := unix.Wait4(p.command.Process.Pid, &status, unix.WUNTRACED|unix.WNOHANG, nil)
		switch {
		case err != nil:
			return err
		case pid == 0:
			return errors.New("it runs")
		case !status.Stopped():
			return fmt.Errorf("it has ended: %s", &p.stderr)
		}
		return nil
	})
}

// goOn lets the process go on, to its end.
func (p *process) goOn() answer {
	p.w.t.Helper()
	if err := p.command.Process.Signal(syscall.SIGCONT); err != nil {
		p.w.t.Fatal(err)
	}
	if err := p.command.Wait(); err != nil {
		p.w.t.Fatalf("the process: %v: %s", err, &p.stderr)
	}
	var got answer
	if err := json.Unmarshal(p.stdout.Bytes(), &got); err != nil {
		p.w.t.Fatalf("the process printed %q: %v", &p.stdout, err)
	}
	return got
}
