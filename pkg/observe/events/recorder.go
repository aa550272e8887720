package events

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	eventsclient "k8s.io/client-go/kubernetes/typed/events/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/flowcontrol"
	"k8s.io/klog/v2"

	"github.com/kindred-k8s/kindred/pkg/fence"
)

// How many facts are told of at most, in the long run and at once; each is one Event, or
// two where the Pod is known. A fleet that starts elects an owner for each kind at once;
// one in which something flaps must not fill etcd.
const (
	MaxRate  = 1 // a second
	MaxBurst = 200
)

// Times.
const (
	requestTimeout = 5 * time.Second
	firstPause     = time.Second
	lastPause      = 15 * time.Second
	// keepTrying bounds how long one Event is tried: longer than most outages of an API
	// server, in which terms end.
	keepTrying = 5 * time.Minute
	// lastWords is how long Run goes on after its context has ended.
	lastWords = 2 * time.Second
)

// Options configure a Recorder. The zero value has the defaults.
type Options struct {
	// Logger is told when Events cannot be written, once. Default: klog.
	Logger *logr.Logger
}

// Recorder writes Events. Make it with New.
type Recorder struct {
	client  eventsclient.EventsGetter
	log     logr.Logger
	limiter flowcontrol.RateLimiter
	queue   chan *eventsv1.Event
	leftOut sync.Once

	mu      sync.Mutex
	failing string // guarded by mu: the last error that was logged; empty when all is well
}

// New returns a recorder that writes to the cluster that has the Leases. It shares no
// rate limit with other clients of config, and makes no request before Run.
func New(config *rest.Config, options Options) (*Recorder, error) {
	if config == nil {
		return nil, errors.New("kindred events: config is nil: give the rest.Config of the cluster that has the Leases")
	}
	own := rest.AddUserAgent(rest.CopyConfig(config), "kindred-events")
	own.QPS, own.RateLimiter = -1, nil // the recorder has its own bound
	client, err := eventsclient.NewForConfig(own)
	if err != nil {
		return nil, fmt.Errorf("kindred events: %w", err)
	}
	return NewWithClient(client, options), nil
}

// NewWithClient is New for a client that there is.
func NewWithClient(client eventsclient.EventsGetter, options Options) *Recorder {
	r := &Recorder{
		client: client, log: klog.Background(),
		limiter: flowcontrol.NewTokenBucketRateLimiter(MaxRate, MaxBurst),
		queue:   make(chan *eventsv1.Event, 2*MaxBurst),
	}
	if options.Logger != nil {
		r.log = *options.Logger
	}
	return r
}

// Run writes what the hooks tell until ctx is cancelled, then what is still waiting,
// for two seconds at most. Cancel it after the coordinator's Run has returned: the last
// terms end there. Events that are told while it does not run wait, up to a bound.
func (r *Recorder) Run(ctx context.Context) {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	defer context.AfterFunc(ctx, func() {
		select {
		case <-time.After(lastWords):
			end()
		case <-life.Done():
		}
	})()
	for {
		select {
		case e := <-r.queue:
			r.insist(life, e)
			continue
		default:
		}
		select {
		case <-ctx.Done():
			return
		case e := <-r.queue:
			r.insist(life, e)
		}
	}
}

// add queues the Events about a fact. It does not block.
func (r *Recorder) add(who reporter, f fact) {
	all := who.events(f)
	if len(r.queue)+len(all) > cap(r.queue) || !r.limiter.TryAccept() {
		r.leftOut.Do(func() { // it may go on for long
			r.log.Info("Too much happens for an Event each: some are left out", "reason", f.reason, "term", f.term.Token())
		})
		return
	}
	for _, e := range all {
		select {
		case r.queue <- e:
		default: // several coordinators share the recorder
		}
	}
}

// insist writes an Event, again after a pause when the API server does not answer.
func (r *Recorder) insist(ctx context.Context, e *eventsv1.Event) {
	until := time.Now().Add(keepTrying)
	for pause := firstPause; r.write(ctx, e) && time.Now().Before(until); pause = min(2*pause, lastPause) {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// write tries once and says whether another try may help.
func (r *Recorder) write(ctx context.Context, e *eventsv1.Event) (again bool) {
	ctx, cancel := context.WithTimeout(fence.Exempt(ctx), requestTimeout)
	defer cancel()
	_, err := r.client.Events(e.Namespace).Create(ctx, e, metav1.CreateOptions{FieldManager: Reporter})
	switch {
	case err == nil, apierrors.IsAlreadyExists(err):
		r.works()
		return false
	case apierrors.IsForbidden(err):
		r.failed(fmt.Errorf("%w: give the ServiceAccount a Role in namespace %q with the verb create on events in %s (config/rbac has one); everything else goes on without Events",
			err, e.Namespace, eventsv1.GroupName))
		return false
	case apierrors.IsUnauthorized(err), apierrors.IsNotFound(err), apierrors.IsInvalid(err), apierrors.IsBadRequest(err):
		r.failed(err)
		return false
	}
	r.failed(err)
	return true
}

// failed logs an error unless it is the one that was logged last.
func (r *Recorder) failed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if what := kindOf(err); r.failing != what {
		r.failing = what
		r.log.Error(err, "Events are not written")
	}
}

func (r *Recorder) works() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failing != "" {
		r.failing = ""
		r.log.Info("Events are written again")
	}
}

// kindOf is what makes an error another one than the last: not the Event that met it.
func kindOf(err error) string {
	if reason := apierrors.ReasonForError(err); reason != metav1.StatusReasonUnknown {
		return string(reason)
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return err.Error()
}
