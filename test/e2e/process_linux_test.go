package e2e

import "syscall"

// dieWithUs has the kernel kill the process when the thread that started it ends,
// so that a test binary that times out leaves no replicas behind.
func dieWithUs() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
