package onnx

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// Bounds of the files of a model, in bytes.
const (
	maxModel    = 4 << 30
	maxManifest = 1 << 20
)

// openPlain opens a plain file of 1 to most bytes, or a link to one. Another is refused before
// it is opened: a pipe would wait for its writer, and a device has no end.
func openPlain(file string, most int64) (*os.File, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, notThere(file, err)
	}
	if err := plain(file, info, most); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0) // it may be a pipe by now
	if err != nil {
		return nil, notThere(file, err)
	}
	if info, err = f.Stat(); err == nil {
		err = plain(file, info, most)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// CheckFile tells whether a file can be a model's as far as can be seen without reading it.
func CheckFile(file string) error { return checkPlain(file, maxModel) }

// checkPlain tells whether openPlain takes the file.
func checkPlain(file string, most int64) error {
	info, err := os.Stat(file)
	if err != nil {
		return notThere(file, err)
	}
	return plain(file, info, most)
}

func plain(file string, info fs.FileInfo, most int64) error {
	switch {
	case !info.Mode().IsRegular():
		return ErrBadModel.With("%s is %s, not a plain file", file, kindName(info.Mode()))
	case info.Size() == 0:
		return ErrBadModel.With("%s is empty", file)
	case info.Size() > most:
		return ErrBadModel.With("%s has %d MB; %d are the most", file, info.Size()>>20, most>>20)
	}
	return nil
}

// cause is what the system says, without the path, which the caller names.
func cause(err error) string {
	var in *fs.PathError
	if errors.As(err, &in) {
		return in.Err.Error()
	}
	return err.Error()
}

// notThere says in a person's words why a file can't be looked at. It stays the system's error.
func notThere(file string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &fileError{file + " is not there", err}
	}
	return &fileError{fmt.Sprintf("%s can't be read: %s", file, cause(err)), err}
}

// fileError is a system's error in a person's words.
type fileError struct {
	text string
	err  error
}

func (e *fileError) Error() string { return e.text }
func (e *fileError) Unwrap() error { return e.err }

// kindName names what is no plain file.
func kindName(m fs.FileMode) string {
	switch {
	case m.IsRegular():
		return "a file"
	case m.IsDir():
		return "a folder"
	case m&fs.ModeNamedPipe != 0:
		return "a pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeDevice != 0:
		return "a device"
	}
	return "something else"
}

// readPlain reads a plain file of at most so many bytes.
func readPlain(file string, most int64) ([]byte, error) {
	f, err := openPlain(file, most)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return nil, notThere(file, err)
	}
	return b, nil
}

// hashOf returns the SHA-256 of what is read, hexadecimal, of at most maxModel bytes. It ends
// with its context.
func hashOf(ctx context.Context, r io.Reader) (string, error) {
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(whileWanted{ctx, r}, maxModel+1))
	if err != nil {
		return "", err
	}
	if n > maxModel {
		return "", ErrBadModel.With("it has over %d MB", maxModel>>20)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// whileWanted reads until its context ends.
type whileWanted struct {
	ctx context.Context
	r   io.Reader
}

func (w whileWanted) Read(b []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.r.Read(b)
}

// hashFile returns the SHA-256 of a plain file, hexadecimal.
func hashFile(ctx context.Context, file string) (string, error) {
	f, err := openPlain(file, maxModel)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return hashOf(ctx, f)
}
