//go:build linux && (amd64 || arm64)

package sandbox

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
	seccompNumber = 0
	seccompArch   = 4
	seccompArgs   = 16 // 8 bytes each, the lower half first: both kinds of machine are little-endian
)

// everyChild names the calls that Go's runtime and a C library's threads and
// memory make, and none that names a file, a process or a peer. Calls that are
// allowed by their arguments alone are in filter.
var everyChild = []string{
	"futex", "read", "write", "munmap", "madvise", "mremap", "brk", "exit", "exit_group", "close", "fstat",
	"rt_sigprocmask", "rt_sigaction", "rt_sigreturn", "sigaltstack", "restart_syscall",
	"nanosleep", "clock_nanosleep", "clock_gettime", "clock_getres", "gettimeofday", "sched_yield", "sched_getaffinity", "getcpu",
	"epoll_pwait", "epoll_pwait2", "epoll_ctl", "ppoll", "getrandom", "getpid", "gettid", "set_robust_list", "rseq", "membarrier",
}

// callNumbers are the numbers of the calls that a Handler may name. The file of
// the machine's kind adds the older ones.
var callNumbers = map[string]uint32{
	"futex": unix.SYS_FUTEX, "read": unix.SYS_READ, "write": unix.SYS_WRITE, "munmap": unix.SYS_MUNMAP, "madvise": unix.SYS_MADVISE,
	"mremap": unix.SYS_MREMAP, "brk": unix.SYS_BRK, "exit": unix.SYS_EXIT, "exit_group": unix.SYS_EXIT_GROUP, "close": unix.SYS_CLOSE, "fstat": unix.SYS_FSTAT,
	"rt_sigprocmask": unix.SYS_RT_SIGPROCMASK, "rt_sigaction": unix.SYS_RT_SIGACTION, "rt_sigreturn": unix.SYS_RT_SIGRETURN,
	"sigaltstack": unix.SYS_SIGALTSTACK, "restart_syscall": unix.SYS_RESTART_SYSCALL,
	"nanosleep": unix.SYS_NANOSLEEP, "clock_nanosleep": unix.SYS_CLOCK_NANOSLEEP, "clock_gettime": unix.SYS_CLOCK_GETTIME,
	"clock_getres": unix.SYS_CLOCK_GETRES, "gettimeofday": unix.SYS_GETTIMEOFDAY, "sched_yield": unix.SYS_SCHED_YIELD,
	"sched_getaffinity": unix.SYS_SCHED_GETAFFINITY, "getcpu": unix.SYS_GETCPU,
	"epoll_pwait": unix.SYS_EPOLL_PWAIT, "epoll_pwait2": unix.SYS_EPOLL_PWAIT2, "epoll_ctl": unix.SYS_EPOLL_CTL, "ppoll": unix.SYS_PPOLL,
	"getrandom": unix.SYS_GETRANDOM, "getpid": unix.SYS_GETPID, "gettid": unix.SYS_GETTID, "set_robust_list": unix.SYS_SET_ROBUST_LIST,
	"rseq": unix.SYS_RSEQ, "membarrier": unix.SYS_MEMBARRIER,

	"sysinfo": unix.SYS_SYSINFO, "uname": unix.SYS_UNAME, "sched_setaffinity": unix.SYS_SCHED_SETAFFINITY,
	"sched_getparam": unix.SYS_SCHED_GETPARAM, "sched_getscheduler": unix.SYS_SCHED_GETSCHEDULER, "mincore": unix.SYS_MINCORE,
	"getrusage": unix.SYS_GETRUSAGE, "get_mempolicy": unix.SYS_GET_MEMPOLICY, "getppid": unix.SYS_GETPPID, "writev": unix.SYS_WRITEV,
}

// barSystemCalls makes all calls but the allowed ones fail with EPERM, on every
// thread and permanently. Threads may still be started, processes may not. A
// kernel built without filters is accepted: the other limits hold.
func barSystemCalls(calls []string) error {
	program, err := filter(uint32(os.Getpid()), calls)
	if err != nil {
		return err
	}
	// Only root may filter without having barred new privileges, which confine does for its
	// own thread; the work may have come to another one since. This call passes it on to all.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("bar new privileges: %w", err)
	}
	prog := unix.SockFprog{Len: uint16(len(program)), Filter: unsafe.SliceData(program)}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	runtime.KeepAlive(program)
	switch {
	case errno == 0, errors.Is(errno, unix.ENOSYS), errors.Is(errno, unix.EINVAL):
		return nil
	}
	return fmt.Errorf("filter system calls: %w", errno)
}

// filter returns the program, in the kernel's classic BPF: an allow-list.
func filter(pid uint32, calls []string) ([]unix.SockFilter, error) {
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
		answerWith(unix.SECCOMP_RET_KILL_PROCESS),
		load(seccompNumber),
		jump(unix.BPF_JGE, foreignNumbers, 0, 1), // another machine's numbering
		answerWith(deny),
		jump(unix.BPF_JEQ, unix.SYS_CLONE3, 0, 1),
		answerWith(missing),
	}
	for _, list := range [][]string{everyChild, everyChildHere, calls} {
		for _, name := range list {
			number, ok := callNumbers[name]
			if !ok {
				if number, ok = callNumbersHere[name]; !ok {
					return nil, fmt.Errorf("there is no system call %q that a child may have", name)
				}
			}
			p = append(p, jump(unix.BPF_JEQ, number, 0, 1), answerWith(allow))
		}
	}
	for _, c := range []struct {
		number uint32
		arg    int
		test   uint16
		value  uint32
		allows bool // whether a passed test allows the call
	}{
		{unix.SYS_MMAP, 2, unix.BPF_JSET, unix.PROT_EXEC, false}, // no code is loaded or made any more
		{unix.SYS_MPROTECT, 2, unix.BPF_JSET, unix.PROT_EXEC, false},
		{unix.SYS_CLONE, 0, unix.BPF_JSET, unix.CLONE_THREAD, true},
		{unix.SYS_TGKILL, 0, unix.BPF_JEQ, pid, true}, // Go's scheduler signals its own threads
		{unix.SYS_PRCTL, 0, unix.BPF_JEQ, unix.PR_SET_NAME, true},
	} {
		yes, no := deny, uint32(allow)
		if c.allows {
			yes, no = allow, deny
		}
		p = append(p,
			jump(unix.BPF_JEQ, c.number, 0, 4),
			load(seccompArgs+8*uint32(c.arg)),
			jump(c.test, c.value, 0, 1),
			answerWith(yes),
			answerWith(no))
	}
	return append(p, answerWith(deny)), nil
}

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

func answerWith(v uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: v}
}

// jump goes on behind the next yes or no instructions.
func jump(test uint16, k uint32, yes, no int) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | test | unix.BPF_K, K: k, Jt: uint8(yes), Jf: uint8(no)}
}

// childFilter returns the filter of system calls as the kernel takes it.
func childFilter() ([]byte, error) {
	program, err := filter(0, nil) // it is of no process: a child that doesn't run Go signals no thread
	if err != nil {
		return nil, err
	}
	var out []byte
	for _, p := range program {
		out = wire.AppendUint16(out, p.Code)
		out = append(out, p.Jt, p.Jf)
		out = wire.AppendUint32(out, p.K)
	}
	return out, nil
}
