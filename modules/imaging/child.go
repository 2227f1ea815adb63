package imaging

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"syscall"
	"unsafe"
)

// Exit codes of the decoding child.
const (
	childOK      = 0
	childFailed  = 1
	childMisused = 2
)

// ServeChild is the decoding process: it decodes the one picture its parent
// asks for and returns the exit code. The command "imaging-child" runs it and
// nothing else, before it reads any configuration.
//
// One process decodes one picture. A picture that takes over its decoder thus
// meets no other tenant's pixels, memory comes back whole, and the CPU limit,
// which counts a process's life, is the picture's.
func ServeChild() int {
	if os.Getenv(childMarker) == "" {
		fmt.Fprintf(os.Stderr, "%s decodes a picture for another opal process and is started by it alone\n", childArgument)
		return childMisused
	}
	if err := serveChild(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return childFailed
	}
	return childOK
}

func serveChild(in io.Reader, out io.Writer) error {
	if err := confine(); err != nil {
		return fmt.Errorf("confine the decoder: %w", err)
	}
	if err := prepareVips(false); err != nil {
		return err
	}
	if _, err := io.WriteString(out, hello); err != nil {
		return err
	}
	var req request
	switch err := binary.Read(in, wire, &req); {
	case errors.Is(err, io.EOF):
		return nil // a spare that was never needed
	case err != nil:
		return fmt.Errorf("read the request: %w", err)
	}
	if err := sendAnswer(out, answerAccepted, ""); err != nil {
		return err
	}
	// The parent keeps stdin open for as long as it wants the picture. This is
	// how a child learns of its parent's death where no signal tells it.
	go func() {
		_, _ = io.Copy(io.Discard, in)
		os.Exit(childFailed)
	}()
	if err := limit(req); err != nil {
		return sendAnswer(out, answerFailed, err.Error())
	}
	refused, err := decodeShared(req)
	switch {
	case err != nil:
		return sendAnswer(out, answerFailed, err.Error())
	case refused != nil && ownFault(refused):
		return sendAnswer(out, answerFailed, refused.Error())
	case refused != nil:
		return sendAnswer(out, answerRefused, refused.Error())
	}
	return sendAnswer(out, answerDone, "")
}

// ownFault reports whether libvips ran into this process's limits instead of
// damage in the picture. It has no codes, so its texts must do.
func ownFault(err error) bool {
	text := strings.ToLower(err.Error())
	for _, sign := range []string{"memory", "creating thread", "system error"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// decodeShared decodes within the shared file.
func decodeShared(req request) (refused, err error) {
	size := uint64(req.Width) * uint64(req.Height) * bytesPerPixel
	if req.DataLength == 0 || req.DataLength > MaxBytes || size == 0 || size > MaxPixels*bytesPerPixel || req.CPUSeconds > math.MaxInt32 {
		return nil, errors.New("the request is out of bounds")
	}
	data, err := syscall.Mmap(sharedFD, 0, int(req.DataLength), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map the picture: %w", err)
	}
	pixels, err := syscall.Mmap(sharedFD, pixelOffset(int(req.DataLength)), int(size), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map the pixels: %w", err)
	}
	return decodeInto(formatOf(req.Format), data, int(req.Width), int(req.Height), unsafe.Pointer(unsafe.SliceData(pixels))), nil
}
