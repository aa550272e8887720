package fence

import (
	"errors"
	"fmt"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// ErrDeposed is what errors.Is finds in every DeposedError.
var ErrDeposed = errors.New("the term is over")

// ErrNoTerm says that a context carries no term: it does not come from the context
// that a reconciler was given.
var ErrNoTerm = errors.New("the context carries no term: derive it from the one that the reconciler was given, or use a client that is not guarded")

// Expired is the reason of a term whose safe-until has passed.
const Expired = "the last renewal is too old to act under"

// DeposedError says that a term no longer is a right to write.
type DeposedError struct {
	Term lease.Term
	// Reason is why the term is over.
	Reason string
	// Method and Path are the request that it is about; empty from Check.
	Method, Path string
	// Sent says that the request had been sent and was then cancelled: it may have
	// been carried out.
	Sent bool
}

func (e *DeposedError) Error() string {
	what := ""
	switch {
	case e.Sent:
		what = fmt.Sprintf("%s %s cancelled, and perhaps carried out: ", e.Method, e.Path)
	case e.Method != "":
		what = fmt.Sprintf("%s %s not sent: ", e.Method, e.Path)
	}
	return fmt.Sprintf("%sterm %s of %s is over: %s", what, e.Term.Token(), e.Term.Shard, e.Reason)
}

// Is makes errors.Is(err, ErrDeposed) true.
func (e *DeposedError) Is(target error) bool { return target == ErrDeposed }
