package node

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// cniDirs are where distributions put the CNI plug-ins: Debian, and most others.
var cniDirs = []string{"/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"}

// Possible returns nil when this machine can run a node, and otherwise everything that it lacks.
func Possible() error {
	var errs []error
	if os.Geteuid() != 0 {
		errs = append(errs, errors.New("only root can: namespaces, mounts and cgroups are made"))
	}
	for program, debian := range map[string]string{
		"containerd": "containerd", "ctr": "containerd", "runc": "runc", "ip": "iproute2",
	} {
		if _, err := exec.LookPath(program); err != nil {
			errs = append(errs, fmt.Errorf("%s is not installed (Debian's package: %s)", program, debian))
		}
	}
	if _, err := cniDir(); err != nil {
		errs = append(errs, err)
	}
	if _, err := os.Stat(cgroupRoot); err != nil {
		errs = append(errs, fmt.Errorf("there are no cgroups: %w", err))
	}
	if len(errs) > 0 {
		return fmt.Errorf("a Kubernetes node cannot run here:\n%w", errors.Join(errs...))
	}
	return nil
}

func cniDir() (string, error) {
	for _, dir := range cniDirs {
		if _, err := os.Stat(filepath.Join(dir, "bridge")); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("the CNI plug-ins are not installed (Debian's package: containernetworking-plugins)")
}
