package fence

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// flight is one write under way: from before it is sent until its answer has been
// read. It is the answer's body too.
type flight struct {
	fence        *Fence
	method, path string
	ctx          context.Context // the one that the write is sent with
	cancel       context.CancelCauseFunc
	// next and prev are guarded by fence.mu; once the fence is over they belong to
	// cancelAll.
	next, prev *flight
	listed     bool // guarded by fence.mu

	body io.ReadCloser // the answer's
}

// begin returns a request to be sent instead of r, with a context that is cancelled
// when the right to write ends. When that is over already it returns a
// *DeposedError.
func (f *Fence) begin(r *http.Request) (*flight, *http.Request, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	fl := &flight{fence: f, method: r.Method, path: r.URL.Path, ctx: ctx, cancel: cancel}
	f.mu.Lock()
	now := time.Now()
	if f.lapsed(now) {
		cut := f.end()
		err := f.deposed(fl.method, fl.path, false)
		f.mu.Unlock()
		cut.cancelAll()
		cancel(err)
		f.tell(err)
		return nil, nil, err
	}
	f.add(fl)
	f.arm(now)
	f.mu.Unlock()
	return fl, r.WithContext(ctx), nil
}

func (f *Fence) add(fl *flight) {
	fl.listed, fl.next = true, f.flights
	if fl.next != nil {
		fl.next.prev = fl
	}
	f.flights = fl
}

func (f *Fence) remove(fl *flight) {
	if f.over || !fl.listed {
		return
	}
	fl.listed = false
	if fl.prev != nil {
		fl.prev.next = fl.next
	} else {
		f.flights = fl.next
	}
	if fl.next != nil {
		fl.next.prev = fl.prev
	}
	fl.next, fl.prev = nil, nil
}

// cancelAll cancels the writes of a list that end returned.
func (fl *flight) cancelAll() {
	for ; fl != nil; fl = fl.next {
		err := fl.fence.deposed(fl.method, fl.path, true)
		fl.cancel(err)
		fl.fence.tell(err)
	}
}

// done is called when nothing of the write is under way any more, at least once.
func (fl *flight) done() {
	fl.fence.mu.Lock()
	fl.fence.remove(fl)
	fl.fence.mu.Unlock()
	fl.cancel(nil)
}

// explain returns the *DeposedError instead of err when the write was cancelled
// because the term is over.
func (fl *flight) explain(err error) error {
	var deposed *DeposedError
	if errors.As(context.Cause(fl.ctx), &deposed) {
		return deposed
	}
	return err
}

// Read reads the answer's body.
func (fl *flight) Read(p []byte) (int, error) {
	n, err := fl.body.Read(p)
	if err != nil {
		if err != io.EOF {
			err = fl.explain(err)
		}
		fl.done()
	}
	return n, err
}

// Close closes the answer's body.
func (fl *flight) Close() error {
	err := fl.body.Close()
	fl.done()
	return err
}
