// Package page is a page that shows who owns what, for a browser: replicas as columns,
// kinds as tiles in the column of their owner, handovers as they happen, and the last
// hour.
//
// A Page is an http.Handler. Run feeds it from one watch of the Leases, however many
// browsers look. What it shows comes from pkg/inspect, so it is for display only; it
// answers GET and HEAD, and writes nothing.
//
// Everything in a Lease can have been written by anybody. It reaches the page through
// html/template, and the page's Content-Security-Policy lets no script or style run but
// its own files. Serve it on localhost: it has no authentication. A request for a host
// that is no IP address and not localhost is refused, so that no web site can read the
// page in somebody's browser under a name of its own.
package page
