// Package replica is the program of a replica: the benchmark starts itself anew to be
// one.
package replica

import (
	"encoding/json"
	"errors"
	"os"
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// env has the order, and makes the program a replica.
const env = "KINDRED_BENCH_REPLICA"

// Order says what a process is to be.
type Order struct {
	System     string
	Timing     lease.Timing
	Kubeconfig string
	Namespace  string
	Journal    string
	// Pods are the replicas that run in this process, usually one.
	Pods     []string
	Revision string
	Capacity int64
	Kinds    int
	// Finish is how long the work takes for what it was at when it is told to stop.
	Finish time.Duration
	// Profile is a directory for CPU and heap profiles; empty for none.
	Profile string
}

// Env returns the order as a variable of the environment.
func (o Order) Env() (string, error) {
	text, err := json.Marshal(o)
	return env + "=" + string(text), err
}

// ordered returns the order of this process, and whether it has one.
func ordered() (Order, bool, error) {
	text, given := os.LookupEnv(env)
	if !given {
		return Order{}, false, nil
	}
	var o Order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return Order{}, true, errors.Join(errors.New(env), err)
	}
	return o, true, nil
}
