package node

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Processes returns the processes of a Pod that run the program of that name, by their numbers in this process's PID
// namespace, so that they can be sent signals.
func (n *Node) Processes(podUID, program string) ([]int, error) {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	var found []int
	for _, dir := range dirs {
		// Processes come and go meanwhile: what cannot be read is not one that is looked for.
		cgroups, _ := os.ReadFile(filepath.Join(dir, "cgroup"))
		line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		command, _, _ := strings.Cut(string(line), "\x00")
		if !strings.Contains(string(cgroups), "/"+filepath.Base(n.dir)+"/") || !strings.Contains(string(cgroups), podUID) || filepath.Base(command) != program {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			return nil, err
		}
		found = append(found, pid)
	}
	return found, nil
}
