package bootstrap

import "strconv"

// Loopback is where a control plane listens that only this machine's processes use.
const Loopback = "127.0.0.1"

const (
	serviceCIDR = "10.0.0.0/24"
	// ServiceIP is what the Service "kubernetes" is given, the first of its network, and so where Pods look for the API
	// server.
	ServiceIP = "10.0.0.1"
	// issuer is what service-account tokens name as theirs.
	issuer = "https://kubernetes.default.svc.cluster.local"
)

// Listen says where kube-apiserver listens, and in what company.
type Listen struct {
	// Address is an IP address of this machine's; it is loopback's where nothing else has to reach it.
	Address string
	Port    int
	// Whole says that controllers run beside it, which make the ServiceAccounts that Pods are given by default.
	Whole bool
}

// APIServerFlags are the flags of kube-apiserver. Flags that the caller adds after them win where only one value can
// be given, and are added where there may be many.
func (f *Files) APIServerFlags(etcdURL string, listen Listen) []string {
	flags := []string{
		"--etcd-servers=" + etcdURL,
		"--bind-address=" + listen.Address,
		// Without this it looks for a default route, which a machine without a network does not have.
		"--advertise-address=127.0.0.1",
		"--secure-port=" + strconv.Itoa(listen.Port),
		"--cert-dir=" + f.path(""),
		"--tls-cert-file=" + f.path("apiserver.crt"),
		"--tls-private-key-file=" + f.path("apiserver.key"),
		"--token-auth-file=" + f.path("tokens.csv"),
		"--authorization-mode=RBAC",
		"--service-account-issuer=" + issuer,
		"--service-account-key-file=" + f.path("service-account.key"),
		"--service-account-signing-key-file=" + f.path("service-account.key"),
		"--service-cluster-ip-range=" + serviceCIDR,
		// There is one API server, and no Endpoints may hold loopback addresses.
		"--endpoint-reconciler-type=none",
		"--allow-privileged=true",
		"--shutdown-delay-duration=0s",
	}
	if !listen.Whole {
		// ServiceAccount admission refuses every Pod until a controller has made the namespace's "default"
		// ServiceAccount. Without it nothing fills in a Pod's serviceAccountName: a Pod to which a token is to be
		// bound has to name it.
		flags = append(flags, "--disable-admission-plugins=ServiceAccount")
	}
	return flags
}

// EtcdFlags are the flags of an etcd executable. Syncing to disk is off: the data outlives the process, which is all
// that a test asks, but not the machine.
func (f *Files) EtcdFlags(clientURL, peerURL string, quotaBytes int64) []string {
	return []string{
		"--name=default",
		"--data-dir=" + f.EtcdDir(),
		"--unsafe-no-fsync",
		"--listen-client-urls=" + clientURL,
		"--advertise-client-urls=" + clientURL,
		"--listen-peer-urls=" + peerURL,
		"--initial-advertise-peer-urls=" + peerURL,
		"--initial-cluster=default=" + peerURL,
		"--quota-backend-bytes=" + strconv.FormatInt(quotaBytes, 10),
		"--log-level=warn",
	}
}
