package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kindred-k8s/kindred/test/cluster/bootstrap"
)

// prefix is what the directory of a cluster, and its cgroups, begin with.
const prefix = "kindred-node-"

// lockDir marks a directory as in use. The processes of the cluster share the lock; when the last of them is gone the
// kernel drops it.
func lockDir(dir string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", dir, err), file.Close())
	}
	return file, nil
}

// Clean removes what clusters have left whose process was killed, and says what. It touches none that runs.
func Clean() (removed []string, err error) {
	dirs, err := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*"))
	if err != nil {
		return nil, err
	}
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, "lock")); err != nil {
			continue // it is being made, or is not ours
		}
		lock, err := lockWhenOver(dir)
		if err != nil {
			continue // it runs
		}
		if err := errors.Join(removeCgroups(filepath.Base(dir)), bootstrap.Remove(dir), lock.Close()); err != nil {
			return removed, err
		}
		removed = append(removed, dir)
	}
	return removed, nil
}

// lockWhenOver gives a cluster whose process was killed a moment ago time to end.
func lockWhenOver(dir string) (lock *os.File, err error) {
	for range 40 {
		if lock, err = lockDir(dir); err == nil || !orphaned(dir) {
			return lock, err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil, err
}

// orphaned says whether the process that started the cluster is gone.
func orphaned(dir string) bool {
	raw, err := os.ReadFile(filepath.Join(dir, "owner"))
	if err != nil {
		return false
	}
	_, err = os.Stat(filepath.Join("/proc", strings.TrimSpace(string(raw))))
	return err != nil
}
