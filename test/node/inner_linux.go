package node

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kindred-k8s/kindred/test/cluster/bootstrap"
)

// innerEnv has what the first process inside is to do, as JSON.
const innerEnv = "KINDRED_NODE_INNER"

// The descriptors that it inherits.
const (
	listenerFD = 3
	lockFD     = 4
)

// How long one part may take to start. They share two cores with whatever else goes on.
const partTimeout = 3 * time.Minute

// inside is what the first process inside is told.
type inside struct {
	Dir, ControlPlane, Node string
	Images, APIServerArgs   []string
}

// RunIfInner runs the first process inside the namespaces when this process was started as that, and never returns then. A
// program that calls Start calls it first of all.
func RunIfInner() {
	raw := os.Getenv(innerEnv)
	if raw == "" {
		return
	}
	var in inside
	err := json.Unmarshal([]byte(raw), &in)
	if err == nil {
		err = in.run()
	}
	fmt.Fprintln(os.Stderr, "node:", err)
	os.Exit(1) // and with this one the kernel ends all others
}

// run starts everything, says that it is ready, and returns when a part has failed or the parent is gone.
func (in inside) run() error {
	unix.CloseOnExec(listenerFD)
	unix.CloseOnExec(lockFD)
	if err := os.Unsetenv(innerEnv); err != nil {
		return err
	}
	failed := make(chan error)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		failed <- fmt.Errorf("the parent process is gone")
	}()
	listener, err := net.FileListener(os.NewFile(listenerFD, "listener"))
	if err != nil {
		return err
	}
	if err := mountAll(); err != nil {
		return err
	}
	parts := newParts(filepath.Join(in.Dir, "logs"))
	started := make(chan error, 1)
	go func() { started <- in.start(parts) }()
	for {
		select {
		case err := <-started:
			if err != nil {
				return err
			}
			go forward(listener, net.JoinHostPort(bootstrap.Loopback, apiPort))
			fmt.Println("ready")
		case err := <-failed:
			return err
		case err := <-parts.failed:
			return err
		}
	}
}

// start starts the parts in the order in which they need each other.
func (in inside) start(p *parts) error {
	if err := linkUp(p); err != nil {
		return err
	}
	settings := filepath.Join(in.Dir, "settings")
	if err := in.writeSettings(settings); err != nil {
		return err
	}
	containerd, err := p.start("containerd", "containerd", "--config", filepath.Join(settings, "containerd.toml"))
	if err != nil {
		return err
	}
	data := filepath.Join(in.Dir, "controlplane")
	client := filepath.Join(settings, "kubelet-client")
	args := []string{
		"--data-dir", data, "--keep-data", "--bind-address", "0.0.0.0", "--secure-port", apiPort, "--whole-cluster",
		"--kubeconfig-out", filepath.Join(in.Dir, "inside.kubeconfig"), "--log-file", filepath.Join(in.Dir, "logs", "apiserver.log"), "--",
		"--advertise-address=" + nodeIP, "--kubelet-preferred-address-types=InternalIP", "--kubelet-client-certificate=" + client + ".crt", "--kubelet-client-key=" + client + ".key",
	}
	plane, err := p.start("controlplane", in.ControlPlane, append(args, in.APIServerArgs...)...)
	if err != nil {
		return err
	}
	// Pods come when the images are there.
	if err := await(containerd, "the socket of containerd", exists(containerdSocket)); err != nil {
		return err
	}
	for _, image := range in.Images {
		if err := p.run("ctr", "--address", containerdSocket, "--namespace", "k8s.io", "images", "import", "--digests", image); err != nil {
			return err
		}
	}
	kubeconfig := filepath.Join(in.Dir, "inside.kubeconfig") // it is written when the API server is ready
	if err := await(plane, "the API server", readable(kubeconfig)); err != nil {
		return err
	}
	files, err := bootstrap.Prepare(data)
	if err != nil {
		return err
	}
	for _, part := range [][]string{
		{"kube-controller-manager", "--kubeconfig=" + kubeconfig, "--leader-elect=false", "--bind-address=" + bootstrap.Loopback,
			"--service-account-private-key-file=" + files.TokenKeyFile(), "--root-ca-file=" + files.CAFile()},
		{"kube-scheduler", "--kubeconfig=" + kubeconfig, "--leader-elect=false", "--bind-address=" + bootstrap.Loopback},
		{"kubelet", "--kubeconfig=" + kubeconfig, "--config=" + filepath.Join(settings, "kubelet.yaml"),
			"--hostname-override=" + nodeName, "--node-ip=" + nodeIP},
	} {
		if _, err := p.start(part[0], in.Node, part...); err != nil {
			return err
		}
	}
	return nil
}

func exists(path string) func() bool {
	return func() bool { _, err := os.Stat(path); return err == nil }
}

func readable(kubeconfig string) func() bool {
	return func() bool { _, err := clientcmd.BuildConfigFromFlags("", kubeconfig); return err == nil }
}

// await waits until something is there that a part makes.
func await(p *part, what string, there func() bool) error {
	for deadline := time.Now().Add(partTimeout); !there(); {
		select {
		case <-p.done:
			return fmt.Errorf("%s ended before %s was there", p.name, what)
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s was not there in %v", what, partTimeout)
		}
	}
	return nil
}

// forward passes connections on, from the network in which the listener was made to an address in this one.
func forward(listener net.Listener, to string) {
	for {
		from, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer from.Close()
			there, err := net.Dial("tcp", to)
			if err != nil {
				return
			}
			defer there.Close()
			go func() {
				_, _ = io.Copy(there, from)
				_ = there.(*net.TCPConn).CloseWrite()
			}()
			_, _ = io.Copy(from, there)
		}()
	}
}
