package bootstrap

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// marker is the file that says a directory was made by us and may be removed by us.
const marker = ".kindred-controlplane"

// Claim makes the data directory, or takes over one that a control plane used before. It refuses a directory that holds
// anything else, because the directory is removed at the end.
func Claim(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	if owned(dir) {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("read the data directory: %w", err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("the data directory %s is not empty and was not made by a test control plane", dir)
	}
	return os.WriteFile(filepath.Join(dir, marker), []byte("Made by a Kindred test control plane, which removes it.\n"), 0o600)
}

// Remove removes a directory that Claim accepted, and no other. It tries for a second, since a program that has just
// been killed may still be writing.
func Remove(dir string) error {
	if !owned(dir) {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("refuse to remove %s: it was not made by a test control plane", dir)
	}
	var err error
	for range 20 {
		if err = os.RemoveAll(dir); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

func owned(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, marker))
	return err == nil
}
