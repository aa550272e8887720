package node

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const cgroupRoot = "/sys/fs/cgroup"

// hierarchies are the places in which a cgroup of that name is a directory: one with version 2, and one for each
// controller with version 1. Links, as from cpu to cpu,cpuacct, are left out.
func hierarchies() ([]string, error) {
	if _, err := os.Stat(filepath.Join(cgroupRoot, "cgroup.controllers")); err == nil {
		return []string{cgroupRoot}, nil
	}
	entries, err := os.ReadDir(cgroupRoot)
	if err != nil {
		return nil, fmt.Errorf("look for cgroups: %w", err)
	}
	var all []string
	for _, entry := range entries {
		dir := filepath.Join(cgroupRoot, entry.Name())
		if _, err := os.Stat(filepath.Join(dir, "cgroup.procs")); err == nil && entry.IsDir() {
			all = append(all, dir)
		}
	}
	return all, nil
}

// makeCgroups makes the one below which the kubelet makes those of its Pods.
func makeCgroups(name string) error {
	roots, err := hierarchies()
	if err != nil {
		return err
	}
	for _, root := range roots {
		dir := filepath.Join(root, name)
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("make a cgroup: %w", err)
		}
		if root == cgroupRoot {
			if err := delegate(root); err != nil {
				return err
			}
		}
		// Version 1 makes these empty, and then no process can be in it.
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			value, err := os.ReadFile(filepath.Join(root, file))
			if err != nil || root == cgroupRoot {
				continue // another controller's
			}
			if err := os.WriteFile(filepath.Join(dir, file), value, 0o644); err != nil {
				return fmt.Errorf("set up a cgroup: %w", err)
			}
		}
	}
	return nil
}

// delegate lets the controllers that a kubelet needs count below the root, where version 2 has to be told.
func delegate(root string) error {
	has, err := os.ReadFile(filepath.Join(root, "cgroup.controllers"))
	if err != nil {
		return err
	}
	for _, controller := range []string{"cpu", "cpuset", "memory", "pids", "hugetlb"} {
		if !slices.ContainsFunc(bytes.Fields(has), func(f []byte) bool { return string(f) == controller }) {
			continue
		}
		if err := os.WriteFile(filepath.Join(root, "cgroup.subtree_control"), []byte("+"+controller), 0o644); err != nil {
			return fmt.Errorf("enable the controller %s for cgroups: %w", controller, err)
		}
	}
	return nil
}

// removeCgroups removes what makeCgroups made and what is below. It waits for the processes in them to be gone, which
// have been killed.
func removeCgroups(name string) error {
	roots, err := hierarchies()
	if err != nil {
		return err
	}
	deadline := time.Now().Add(stopTimeout)
	for {
		var failed error
		for _, root := range roots {
			failed = errors.Join(failed, removeTree(filepath.Join(root, name)))
		}
		if failed == nil || time.Now().After(deadline) {
			return failed
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// removeTree removes directories only, which are cgroups: their files cannot be removed, and go with them.
func removeTree(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() {
			if err := removeTree(filepath.Join(dir, entry.Name())); err != nil {
				return err
			}
		}
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove a cgroup: %w", err)
	}
	return nil
}
