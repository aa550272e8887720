package replica

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"
)

// Report is what a process says of itself.
type Report struct {
	// HeapBytes is what is in use on the heap after a collection, StackBytes by the
	// stacks of goroutines, RSSBytes the process's resident memory, before that.
	HeapBytes, StackBytes, RSSBytes uint64
	Goroutines                      int
	// CPU is what the process has used so far.
	CPU time.Duration
}

// report measures, for the nth time. With a profile directory, the time between two
// reports is a CPU profile.
func (o Order) report(n int) (Report, error) {
	var r Report
	if o.Profile != "" {
		pprof.StopCPUProfile()
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return r, err
	}
	r.CPU = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	var err error
	if r.RSSBytes, err = resident(); err != nil {
		return r, err
	}
	r.Goroutines = runtime.NumGoroutine()
	// The first collection makes the second free what has a finalizer.
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r.HeapBytes, r.StackBytes = m.HeapAlloc, m.StackInuse
	if o.Profile != "" {
		err = o.profile(n)
	}
	return r, err
}

// resident returns the process's resident memory.
func resident() (uint64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	_, rest, found := strings.Cut(string(status), "VmRSS:")
	var kib uint64
	if _, err := fmt.Sscanf(rest, "%d", &kib); !found || err != nil {
		return 0, fmt.Errorf("no VmRSS in /proc/self/status: %v", err)
	}
	return kib << 10, nil
}

// profile writes the heap and begins the next CPU profile.
func (o Order) profile(n int) error {
	name := fmt.Sprintf("%s-%d-%s-%d", strings.ReplaceAll(o.System, "/", "-"), o.Kinds, o.Pods[0], n)
	heap, err := os.Create(filepath.Join(o.Profile, name+".heap"))
	if err != nil {
		return err
	}
	defer heap.Close()
	if err := pprof.WriteHeapProfile(heap); err != nil {
		return err
	}
	// The profiler writes to it until the next report, or the end.
	cpu, err := os.Create(filepath.Join(o.Profile, name+".cpu"))
	if err != nil {
		return err
	}
	return pprof.StartCPUProfile(cpu)
}
