package fence

import "context"

type contextKey struct{}

// exempt in a context marks requests that need no term.
var exempt = &Fence{}

// NewContext returns a context that carries the term's right to write. It does not
// end with it.
func NewContext(ctx context.Context, f *Fence) context.Context {
	return context.WithValue(ctx, contextKey{}, f)
}

// Exempt returns a context whose writes need no term, whatever a guarded client's
// Unfenced says, and even if ctx carries one. The coordinator makes its own
// requests with it, so that it may be given a guarded rest.Config.
func Exempt(ctx context.Context) context.Context { return NewContext(ctx, exempt) }

// FromContext returns the right to write that ctx carries, or nil.
func FromContext(ctx context.Context) *Fence {
	if f := carried(ctx); f != exempt {
		return f
	}
	return nil
}

// carried returns what ctx carries: a Fence, exempt, or nil.
func carried(ctx context.Context) *Fence {
	f, _ := ctx.Value(contextKey{}).(*Fence)
	return f
}

// Check says whether the holder of ctx may still act, for what no guarded client
// does: nil, ErrNoTerm, or a *DeposedError. What it says can be out of date at
// once, so call it right before acting, and where the other side can compare tokens
// give it Token.
func Check(ctx context.Context) error {
	f := FromContext(ctx)
	if f == nil {
		return ErrNoTerm
	}
	return f.Err()
}

// Token returns the token of the term that ctx carries, also when the term is over;
// false when it carries none. See lease.Term.Token for how two compare.
func Token(ctx context.Context) (string, bool) {
	f := FromContext(ctx)
	if f == nil {
		return "", false
	}
	return f.term.Token(), true
}
