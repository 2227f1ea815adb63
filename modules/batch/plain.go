package batch

import (
	"io"
	"os"
	"syscall"
)

// openPlain opens a plain file of at most that many bytes, or a link to one, and returns its size.
// Another is refused before it is opened: a pipe would wait for its writer, and a device has no end.
//
// Errors: ErrNotFound, ErrUnreadable, ErrNotAFile, ErrTooLarge; they don't name the file.
func openPlain(path string, most int64) (f *os.File, size int64, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, explain(err)
	}
	if !info.Mode().IsRegular() {
		return nil, 0, ErrNotAFile
	}
	if f, err = os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0); err != nil { // it may be a pipe by now
		return nil, 0, explain(err)
	}
	info, err = f.Stat()
	switch {
	case err != nil:
		err = explain(err)
	case !info.Mode().IsRegular():
		err = ErrNotAFile
	case info.Size() > most:
		err = ErrTooLarge.With("%d MB, at most %d", info.Size()>>20, most>>20)
	default:
		return f, info.Size(), nil
	}
	_ = f.Close()
	return nil, 0, err
}

// readPlain reads a file that openPlain opens.
func readPlain(path string, most int64) ([]byte, error) {
	f, _, err := openPlain(path, most)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readMost(f, most)
}

// readMost reads what is there to its end, of at most that many bytes. Errors: as openPlain.
func readMost(r io.Reader, most int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	switch {
	case err != nil:
		return nil, explain(err)
	case int64(len(b)) > most:
		return nil, ErrTooLarge.With("more than %d MB", most>>20)
	}
	return b, nil
}
