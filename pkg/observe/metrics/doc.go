// Package metrics makes Prometheus metrics of what a replica's hooks are told:
//
//	m := metrics.New()
//	registry.MustRegister(m)                  // any prometheus.Registerer
//	options.Observer = m.Hooks()              // or observe.Tee(m.Hooks(), ...)
//
// Nothing is registered anywhere before that. docs/observe.md lists the metrics with
// their labels and meaning.
//
// Every label has few values. There are as many series as registered kinds, times a
// number that is known: kind and bucket are those that the replica has reconcilers for,
// reasons come from package elect's list, and what others write into Leases makes no
// label.
package metrics
