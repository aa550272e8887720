package node

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/kindred-k8s/kindred/test/cluster/bootstrap"
	"github.com/kindred-k8s/kindred/test/cluster/pki"
)

// The addresses are of networks for documentation, which nobody has (RFC 5737). They exist inside only.
const (
	nodeName  = "kindred"
	nodeIP    = "192.0.2.1"
	podSubnet = "198.51.100.0/24"
	apiPort   = "443" // the Service's

	containerdSocket = "/run/containerd/containerd.sock"
)

// linkUp gives the node its addresses: its own, and the Service's. They are on lo, which every kernel has, and are the
// node's from wherever in this network they are asked for. The bridge of the Pods comes with the first Pod.
func linkUp(p *parts) error {
	for _, args := range [][]string{
		{"link", "set", "lo", "up"},
		{"address", "add", nodeIP + "/32", "dev", "lo"},
		{"address", "add", bootstrap.ServiceIP + "/32", "dev", "lo"},
	} {
		if err := p.run("ip", args...); err != nil {
			return err
		}
	}
	return nil
}

// writeSettings writes the configuration of the parts.
func (in inside) writeSettings(dir string) error {
	plugins, err := cniDir()
	if err != nil {
		return err
	}
	network := filepath.Join(dir, "cni")
	if err := os.MkdirAll(network, 0o700); err != nil {
		return err
	}
	ca, client, err := pki.ClientPair("kindred-test-apiserver-to-kubelet")
	if err != nil {
		return err
	}
	for name, text := range map[string]string{
		"kubelet-client-ca.crt": string(ca),
		"kubelet-client.crt":    string(client.Cert),
		"kubelet-client.key":    string(client.Key),
		"containerd.toml":       fmt.Sprintf(containerdSettings, containerdSocket, PauseImage, plugins, network),
		"kubelet.yaml":          fmt.Sprintf(kubeletSettings, "/"+filepath.Base(in.Dir), nodeIP, containerdSocket, filepath.Join(dir, "kubelet-client-ca.crt")),
		"cni/kindred.conflist":  fmt.Sprintf(networkSettings, podSubnet),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// To lower a score, which is to be killed later when memory is short, takes a capability that root need not have.
const containerdSettings = `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = %q
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %q
    conf_dir = %q
`

// Nothing is evicted: the file systems are in memory, and are thrown away. The API server's certificate for the kubelet
// is the only one that it accepts.
const kubeletSettings = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
cgroupDriver: cgroupfs
cgroupRoot: %q
enforceNodeAllocatable: []
address: %q
containerRuntimeEndpoint: "unix://%s"
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: false}
  x509: {clientCAFile: %q}
authorization: {mode: AlwaysAllow}
failSwapOn: false
localStorageCapacityIsolation: false
makeIPTablesUtilChains: false
resolvConf: ""
evictionHard: {memory.available: "1Mi", nodefs.available: "0%%", nodefs.inodesFree: "0%%", imagefs.available: "0%%"}
imageGCHighThresholdPercent: 100
`

const networkSettings = `{
  "cniVersion": "1.0.0",
  "name": "kindred",
  "plugins": [{
    "type": "bridge", "bridge": "pods0", "isDefaultGateway": true, "ipMasq": false,
    "ipam": {"type": "host-local", "ranges": [[{"subnet": %q}]]}
  }]
}
`
