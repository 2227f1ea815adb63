package sandbox

import "syscall"

// childAttributes keep a terminal's Ctrl-C from the child, so that work that is
// drained can still decode, and end the child with its parent.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
