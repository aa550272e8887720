package coordinator

import (
	"crypto/rand"
	"encoding/hex"
	"os"

	"k8s.io/klog/v2"
)

// newIdentity returns <pod name>_<random suffix>. The name comes first so that
// the Lease reads as the Pod, and so that an admission policy can compare it with
// the Pod name in a bound token; the suffix makes a restarted container another
// process than the one before.
func newIdentity(podName string) string { return podName + "_" + newSuffix() }

func newSuffix() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// hostName is the Pod's name in a Pod.
func hostName() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "unknown-host"
	}
	return name
}

// exitProcess is what ExitProcess does.
func exitProcess(code int) {
	klog.Flush()
	os.Exit(code)
}
