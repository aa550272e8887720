// Package fence refuses the writes of a replica whose term is over.
//
// A Fence is the right to write during one term. The coordinator makes one for
// each term and puts it into the reconciler's context; every context derived from
// that one carries it, also through context.WithoutCancel. Wrap guards a
// rest.Config: each request made with it is judged by the context that it is made
// with, at the moment at which it would be sent, after all of the client's own
// queueing, rate limiting and retrying.
//
//   - POST, PUT, PATCH, DELETE, and any method that is not known to be a read,
//     leave only while the term's right to write lasts.
//   - Those under way when it ends are cancelled then. Whether they have been
//     carried out is not known, and the error says so (DeposedError.Sent).
//   - GET, HEAD and OPTIONS pass, and so do lists, watches and informers.
//   - What happens to a write whose context carries no term is the user's choice
//     (Unfenced). There is no default.
//
// The right ends at the term's safe-until, by the local monotonic clock and with
// nobody's help; at once when the Lease is lost; and when the reconciler has
// returned. It never comes back: a new term has a new Fence.
//
// For what is outside the cluster there are Check, which says whether the term
// still is, Token, which such a system can compare, and NewTransport, which guards
// any HTTP client.
//
// A process that is stopped between the check and the write, and continued later,
// is beyond all of this; see docs/fence.md.
package fence
