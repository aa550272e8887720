package demo

import "syscall"

// dieWithParent has the kernel kill the child when the thread that starts it ends.
// The child gets a process group of its own, so that Ctrl-C reaches it through the
// demo only, which shows the final state first.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
