//go:build unix && !linux

package sandbox

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// newSharedFile returns a temporary file without a name.
func newSharedFile() (*os.File, error) {
	f, err := os.CreateTemp("", "opal-child-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// confine bars core dumps, which would hold a customer's picture.
func confine() error { return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) }

// limit bounds CPU time, and bars opening and writing files. macOS enforces no
// limit on memory: there the limits on the header's size do.
func limit(req request, _ []string) error {
	for _, l := range []struct {
		resource int
		name     string
		value    uint64
	}{
		{unix.RLIMIT_CPU, "CPU time", req.CPUSeconds},
		{unix.RLIMIT_FSIZE, "file size", 0},
		{unix.RLIMIT_NOFILE, "open files", 0},
	} {
		if err := unix.Setrlimit(l.resource, &unix.Rlimit{Cur: l.value, Max: l.value}); err != nil {
			return fmt.Errorf("limit %s: %w", l.name, err)
		}
	}
	return nil
}

// Room tells whether this process may map so many bytes of memory on top of what it has
// mapped. Here no limit is known that could be too low.
func Room(int64) error { return nil }
