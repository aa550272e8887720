// Bench measures Kindred beside its alternatives, on a real API server and etcd, all in
// one run: Knative's electors, plain electors of client-go, and controller-runtime's
// one lock, with the same work and the same timing, and Knative with its own timing
// too.
//
//	make bench                      # all of it, half an hour
//	make bench BENCH=idle,crash     # some of it; the others' results stay
//	make bench-short                # only shows that it runs
//
//	# where the CPU time and the memory of a replica go
//	make bench BENCH=idle BENCH_FLAGS="-systems Kindred -profile /tmp"
//
// It prints tables, keeps the results in results.json, draws plots, and fills
// docs/benchmarks.md, where it says how to read them.
package main
