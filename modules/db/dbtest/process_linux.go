package dbtest

import "syscall"

// dieWithParent makes the server end with the test process, however that ends.
func dieWithParent(c *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: c, Pdeathsig: syscall.SIGQUIT}
}
