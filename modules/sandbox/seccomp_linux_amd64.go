package sandbox

import "golang.org/x/sys/unix"

const (
	auditArch = unix.AUDIT_ARCH_X86_64

	// The x32 calls have numbers of their own from here on.
	foreignNumbers = 0x40000000
)

// everyChildHere are the older names that this kind of machine has.
var everyChildHere = []string{"epoll_wait", "time", "poll"}

var callNumbersHere = map[string]uint32{"epoll_wait": unix.SYS_EPOLL_WAIT, "time": unix.SYS_TIME, "poll": unix.SYS_POLL}
