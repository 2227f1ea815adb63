//go:build linux && (amd64 || arm64)

package imaging

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Offsets into the data a filter sees, struct seccomp_data of linux/seccomp.h.
const (
	seccompNumber   = 0
	seccompArch     = 4
	seccompFirstArg = 16 // its lower half: both kinds of machine are little-endian
)

// denied are the system calls a decoder has no use for and a picture that took
// over its decoder would begin with: other programs, processes, files and the
// network. deniedHere, of the machine's own file, adds the older names.
var denied = []uint32{
	unix.SYS_EXECVE, unix.SYS_EXECVEAT, unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV,
	unix.SYS_KILL, unix.SYS_TKILL, unix.SYS_RT_SIGQUEUEINFO, unix.SYS_RT_TGSIGQUEUEINFO, unix.SYS_PIDFD_OPEN, unix.SYS_PIDFD_SEND_SIGNAL, unix.SYS_PIDFD_GETFD,
	unix.SYS_SOCKET, unix.SYS_SOCKETPAIR, unix.SYS_CONNECT, unix.SYS_BIND, unix.SYS_LISTEN, unix.SYS_SENDTO, unix.SYS_SENDMSG,
	unix.SYS_OPENAT, unix.SYS_OPENAT2, unix.SYS_UNLINKAT, unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2, unix.SYS_LINKAT, unix.SYS_SYMLINKAT,
	unix.SYS_MKDIRAT, unix.SYS_MKNODAT, unix.SYS_FCHMODAT, unix.SYS_FCHOWNAT, unix.SYS_CHDIR, unix.SYS_CHROOT, unix.SYS_MOUNT, unix.SYS_UMOUNT2,
	unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_SETUID, unix.SYS_SETGID, unix.SYS_SETRESUID, unix.SYS_SETRESGID, unix.SYS_CAPSET, unix.SYS_PRLIMIT64,
	unix.SYS_BPF, unix.SYS_USERFAULTFD, unix.SYS_IO_URING_SETUP, unix.SYS_PERF_EVENT_OPEN, unix.SYS_KEYCTL, unix.SYS_ADD_KEY,
	unix.SYS_MEMFD_CREATE, unix.SYS_INOTIFY_INIT1, unix.SYS_FANOTIFY_INIT, unix.SYS_INIT_MODULE, unix.SYS_KEXEC_LOAD, unix.SYS_REBOOT,
}

// barSystemCalls makes the denied calls fail with EPERM, on every thread and
// for good. Threads may still be started and processes may not. A kernel built
// without filters is let be: the other limits hold.
func barSystemCalls() error {
	program := filter(uint32(os.Getpid()))
	prog := unix.SockFprog{Len: uint16(len(program)), Filter: unsafe.SliceData(program)}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	runtime.KeepAlive(program)
	switch {
	case errno == 0, errors.Is(errno, unix.ENOSYS), errors.Is(errno, unix.EINVAL):
		return nil
	}
	return fmt.Errorf("filter system calls: %w", errno)
}

// filter is the program, in the kernel's classic BPF.
func filter(pid uint32) []unix.SockFilter {
	load := func(offset uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
	}
	answer := func(v uint32) unix.SockFilter { return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: v} }
	// jump goes on behind the next yes or no instructions.
	jump := func(test uint16, k uint32, yes, no int) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | test | unix.BPF_K, K: k, Jt: uint8(yes), Jf: uint8(no)}
	}
	const (
		allow = unix.SECCOMP_RET_ALLOW
		deny  = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
		// C libraries fall back to clone, whose flags can be read, when there is
		// no clone3.
		missing = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
	)
	p := []unix.SockFilter{
		load(seccompArch),
		jump(unix.BPF_JEQ, auditArch, 1, 0),
		answer(unix.SECCOMP_RET_KILL_PROCESS),
		load(seccompNumber),
		jump(unix.BPF_JGE, foreignNumbers, 0, 1), // another machine's numbering
		answer(deny),
		jump(unix.BPF_JEQ, unix.SYS_CLONE3, 0, 1),
		answer(missing),
		jump(unix.BPF_JEQ, unix.SYS_CLONE, 0, 4),
		load(seccompFirstArg),
		jump(unix.BPF_JSET, unix.CLONE_THREAD, 0, 1),
		answer(allow),
		answer(deny),
		jump(unix.BPF_JEQ, unix.SYS_TGKILL, 0, 4), // Go's scheduler signals its own threads
		load(seccompFirstArg),
		jump(unix.BPF_JEQ, pid, 0, 1),
		answer(allow),
		answer(deny),
	}
	for _, list := range [][]uint32{denied, deniedHere} {
		for _, number := range list {
			p = append(p, jump(unix.BPF_JEQ, number, 0, 1), answer(deny))
		}
	}
	return append(p, answer(allow))
}
