//go:build unix && !linux

package sandbox

import "syscall"

// childAttributes keep a terminal's Ctrl-C from the child, so that work that is
// drained can still decode. The child watches its stdin to end with its parent.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
