package fence_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kindred-k8s/kindred/pkg/fence"
)

// The right to write over time: what is done to it at which second, and when it
// ends for which reason.
func TestRight(t *testing.T) {
	type step struct {
		at int // seconds
		do func(*fence.Fence, time.Time)
	}
	extend := func(to int) func(*fence.Fence, time.Time) {
		return func(f *fence.Fence, start time.Time) { f.Extend(start.Add(time.Duration(to) * time.Second)) }
	}
	limit := func(to int, reason string) func(*fence.Fence, time.Time) {
		return func(f *fence.Fence, start time.Time) {
			f.Limit(start.Add(time.Duration(to)*time.Second), reason)
		}
	}
	end := func(reason string) func(*fence.Fence, time.Time) {
		return func(f *fence.Fence, _ time.Time) { f.End(reason) }
	}
	for name, c := range map[string]struct {
		steps  []step
		until  int
		reason string
	}{
		"nothing":                          {nil, 10, fence.Expired},
		"extended":                         {[]step{{5, extend(15)}}, 15, fence.Expired},
		"extended again and again":         {[]step{{2, extend(12)}, {9, extend(19)}, {18, extend(28)}}, 28, fence.Expired},
		"extended backwards":               {[]step{{2, extend(8)}}, 10, fence.Expired},
		"extended too late":                {[]step{{10, extend(20)}}, 10, fence.Expired},
		"extended after the end":           {[]step{{3, end("lost")}, {4, extend(14)}}, 3, "lost"},
		"ended":                            {[]step{{3, end("lost")}}, 3, "lost"},
		"ended twice":                      {[]step{{3, end("lost")}, {3, end("again")}, {4, end("again")}}, 3, "lost"},
		"ended when it had expired":        {[]step{{11, end("lost")}}, 10, fence.Expired},
		"limited":                          {[]step{{3, limit(5, "cut")}}, 5, "cut"},
		"limited, and then extended":       {[]step{{3, limit(5, "cut")}, {4, extend(14)}}, 5, "cut"},
		"limited to later, then extended":  {[]step{{3, limit(12, "cut")}, {4, extend(14)}}, 12, "cut"},
		"limited to later, never extended": {[]step{{3, limit(12, "cut")}}, 10, fence.Expired},
		"limited to now":                   {[]step{{3, limit(3, "cut")}}, 3, "cut"},
		"limited to the past":              {[]step{{3, limit(1, "cut")}}, 3, "cut"},
		"limited twice":                    {[]step{{3, limit(6, "cut")}, {3, limit(5, "shorter")}}, 5, "shorter"},
		"limited twice, later":             {[]step{{3, limit(5, "cut")}, {3, limit(6, "longer")}}, 5, "cut"},
		"limited and ended":                {[]step{{3, limit(6, "cut")}, {4, end("lost")}}, 4, "lost"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				f := fence.New(term, start.Add(10*time.Second))
				for _, step := range c.steps {
					time.Sleep(time.Until(start.Add(time.Duration(step.at) * time.Second)))
					if step.at < c.until {
						if err := f.Err(); err != nil {
							t.Errorf("at %d s: %v", step.at, err)
						}
					}
					step.do(f, start)
				}
				if last := start.Add(time.Duration(c.until)*time.Second - 1); time.Now().Before(last) {
					time.Sleep(time.Until(last))
					if err := f.Err(); err != nil {
						t.Errorf("just before %d s: %v", c.until, err)
					}
					time.Sleep(time.Nanosecond)
				}
				var deposed *fence.DeposedError
				if err := f.Err(); !errors.As(err, &deposed) || deposed.Reason != c.reason {
					t.Errorf("at %d s Err is %v, want the reason %q", c.until, err, c.reason)
				}
			})
		})
	}
}

func TestContext(t *testing.T) {
	plain := t.Context()
	if f := fence.FromContext(plain); f != nil {
		t.Errorf("a context without a term carries %v", f)
	}
	if err := fence.Check(plain); !errors.Is(err, fence.ErrNoTerm) {
		t.Errorf("Check without a term is %v", err)
	}
	if token, ok := fence.Token(plain); ok {
		t.Errorf("a context without a term has the token %q", token)
	}
	f := fence.New(term, time.Now().Add(time.Minute))
	ctx, cancel := context.WithCancel(fence.NewContext(plain, f))
	cancel()
	// What a reconciler finishes with is still under its term.
	ctx = context.WithoutCancel(ctx)
	if fence.FromContext(ctx) != f || f.Term() != term {
		t.Error("the term was lost on the way")
	}
	if err := fence.Check(ctx); err != nil {
		t.Errorf("Check is %v while the term lasts", err)
	}
	f.End("the test says so")
	if err := fence.Check(ctx); !errors.Is(err, fence.ErrDeposed) {
		t.Errorf("Check is %v after the end", err)
	}
	if token, ok := fence.Token(ctx); !ok || token != term.Token() {
		t.Errorf("the token is %q", token)
	}
	if fence.FromContext(fence.Exempt(ctx)) != nil || !errors.Is(fence.Check(fence.Exempt(ctx)), fence.ErrNoTerm) {
		t.Error("an exempt context has a term")
	}
}

func TestErrorTexts(t *testing.T) {
	over := "term u1/3 of Queue.sample.kindred.dev is over: the Lease was deleted"
	for want, err := range map[string]fence.DeposedError{
		over:                                   {},
		"PUT /apis/x/status not sent: " + over: {Method: "PUT", Path: "/apis/x/status"},
		"PUT /apis/x/status cancelled, and perhaps carried out: " + over: {Method: "PUT", Path: "/apis/x/status", Sent: true},
	} {
		err.Term, err.Reason = term, "the Lease was deleted"
		if got := err.Error(); got != want {
			t.Errorf("the error is\n%s, want\n%s", got, want)
		}
		if !errors.Is(&err, fence.ErrDeposed) || errors.Is(&err, fence.ErrNoTerm) {
			t.Errorf("%s: it is not ErrDeposed, or ErrNoTerm too", want)
		}
	}
}
