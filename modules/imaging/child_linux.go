package imaging

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// newSharedFile returns a file that lives in memory and has no name.
func newSharedFile() (*os.File, error) {
	fd, err := unix.MemfdCreate("opal-imaging", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("create a file in memory: %w", err)
	}
	return os.NewFile(uintptr(fd), "opal-imaging"), nil
}

// confine takes from this process what no decoder needs: new privileges, core
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

// limit bounds what decoding may use. No file, process or connection can be
// opened or made any more.
func limit(req request) error {
	mapped, err := mappedBytes()
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
		{unix.RLIMIT_AS, "memory", mapped + req.MemoryLimit},
		{unix.RLIMIT_CPU, "CPU time", req.CPUSeconds},
		{unix.RLIMIT_FSIZE, "file size", 0},
		{unix.RLIMIT_NOFILE, "open files", 0},
	} {
		if err := unix.Setrlimit(l.resource, &unix.Rlimit{Cur: l.value, Max: l.value}); err != nil {
			return fmt.Errorf("limit %s: %w", l.name, err)
		}
	}
	return barSystemCalls()
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
