// Package bootstrap is what a control plane needs before it can start, whichever program runs it: its data directory,
// keys, certificates, admin token, command-line flags and kubeconfig.
//
// It is apart from package cluster, and small, because the nested module test/controlplane imports it: the program that
// has kube-apiserver inside and the one that starts a kube-apiserver executable must not drift apart.
package bootstrap

// Ready is the one line that the controlplane program prints on stdout, as JSON, when the API server is ready.
type Ready struct {
	Ready bool `json:"ready"`
	// Kubeconfig is the path of the admin's kubeconfig.
	Kubeconfig string `json:"kubeconfig"`
	// Server is the API server's URL.
	Server string `json:"server"`
	// Etcd is the URL at which etcd serves clients, without TLS, on loopback.
	Etcd    string `json:"etcd"`
	DataDir string `json:"dataDir"`
	LogFile string `json:"logFile"`
	PID     int    `json:"pid"`
	// Seconds is how long the start took.
	Seconds float64 `json:"seconds"`
}
