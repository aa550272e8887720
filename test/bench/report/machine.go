package report

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
)

// ThisMachine describes the machine, without its name.
func ThisMachine() Machine {
	m := Machine{Cores: runtime.NumCPU(), CPU: runtime.GOARCH, Memory: "unknown", OS: runtime.GOOS}
	if model, found := after("/proc/cpuinfo", "model name"); found {
		m.CPU = model
	}
	if total, found := after("/proc/meminfo", "MemTotal"); found {
		var kib float64
		if _, err := fmt.Sscanf(total, "%f", &kib); err == nil {
			m.Memory = fmt.Sprintf("%.0f GiB", kib/(1<<20))
		}
	}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		number, _, _ := strings.Cut(strings.TrimSpace(string(release)), "-")
		m.OS += " " + number
	}
	return m
}

// after returns what the file says after the name and a colon.
func after(path, name string) (string, bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", false
	}
	_, rest, found := strings.Cut(string(text), name)
	line, _, _ := strings.Cut(rest, "\n")
	return strings.TrimLeft(line, "\t :"), found
}

// Versions returns those of Go, of the API server, and of the modules in this program
// that are measured.
func Versions(apiServer string) map[string]string {
	versions := map[string]string{"Go": runtime.Version(), "kube-apiserver": apiServer}
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return versions
	}
	for _, m := range info.Deps {
		switch m.Path {
		case "k8s.io/client-go", "knative.dev/pkg", "sigs.k8s.io/controller-runtime":
			versions[m.Path] = m.Version
		}
	}
	return versions
}
