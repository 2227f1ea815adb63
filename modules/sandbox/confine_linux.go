package sandbox

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// newSharedFile returns a file that lives in memory and has no name.
func newSharedFile() (*os.File, error) {
	fd, err := unix.MemfdCreate("opal-child", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("create a file in memory: %w", err)
	}
	return os.NewFile(uintptr(fd), "opal-child"), nil
}

// confine takes from this process what no child needs: new privileges, core
// dumps (they would hold a customer's picture) and inspection by its siblings.
func confine() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("bar new privileges: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("bar core dumps: %w", err)
	}
	return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
}

// limit bounds what the work may use. No file, process or connection can be
// opened or made any more, and no system call be made but the named ones.
func limit(req request, calls []string) error {
	// Go opens its poller with the first timer, which must not be later.
	<-time.After(time.Nanosecond)
	space, err := addressSpace(req.Memory)
	if err != nil {
		return err
	}
	// The kernel ends a process at the hard CPU limit. Go ignores the signal of
	// the soft one, so both are the same.
	for _, l := range []struct {
		resource int
		name     string
		value    uint64
	}{
		{unix.RLIMIT_AS, "memory", space},
		{unix.RLIMIT_CPU, "CPU time", req.CPUSeconds},
		{unix.RLIMIT_FSIZE, "file size", 0},
		{unix.RLIMIT_NOFILE, "open files", 0},
	} {
		if err := unix.Setrlimit(l.resource, &unix.Rlimit{Cur: l.value, Max: l.value}); err != nil {
			return fmt.Errorf("limit %s: %w", l.name, err)
		}
	}
	return barSystemCalls(calls)
}

// Room tells whether this process may map so many bytes of memory on top of what it has
// mapped, as a Job's Memory says: Prepare finds with it what would fail each job.
func Room(memory int64) error {
	_, err := addressSpace(uint64(max(memory, 0)))
	return err
}

// addressSpace returns the limit of the address space that leaves memory bytes to the work. It
// is an error where this process, by its shell or its service, is held to less.
func addressSpace(memory uint64) (uint64, error) {
	mapped, err := mappedBytes()
	if err != nil {
		return 0, err
	}
	var held unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_AS, &held); err != nil {
		return 0, fmt.Errorf("read the limit on memory: %w", err)
	}
	if mapped+memory > held.Max {
		return 0, fmt.Errorf("it needs %d MB of address space, %d of them for its work, and is held to %d MB (`ulimit -v`, or the service's limit)",
			(mapped+memory)>>20, memory>>20, held.Max>>20)
	}
	return mapped + memory, nil
}

// mappedBytes returns the size of this process's address space. Go reserves a
// lot of it without using it, so a limit has to be counted from there.
func mappedBytes() (uint64, error) {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, fmt.Errorf("read the address space's size: %w", err)
	}
	first, _, _ := bytes.Cut(b, []byte(" "))
	pages, err := strconv.ParseUint(string(first), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read the address space's size: %w", err)
	}
	return pages * uint64(os.Getpagesize()), nil
}
