//go:build !linux

package demo

import "syscall"

// dieWithParent cannot promise on this system what its name says: replicas outlive
// a demo that is killed. They find no API server then.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
