package batch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math"

	"github.com/opal-photo/opal/modules/imagefile"
)

// hashOf names bytes by their SHA-256, in hexadecimal.
func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// own knows OPAL's results: by their XMP, and by what reports say of files that may
// have lost it.
type own struct{ hashes map[string]bool }

// holds reports whether a file is one of OPAL's results.
func (o own) holds(b []byte, hash string) bool {
	if o.hashes[hash] {
		return true
	}
	info, err := imagefile.Inspect(b)
	return err == nil && imagefile.MadeByOPAL(imagefile.ReadMetadata(info.Format, b).XMP)
}

// edge is how much of a file's beginning and end is looked at to guess whose it is.
const edge = 64 << 10

// likely guesses from a file's ends whether OPAL made it, so that results which lie
// among the photos take no names from them. It may be wrong, holds is not.
func likely(path string) bool {
	f, size, err := openPlain(path, math.MaxInt64)
	if err != nil {
		return false
	}
	defer f.Close()
	for _, at := range []int64{0, max(0, size-edge)} {
		b, err := io.ReadAll(io.NewSectionReader(f, at, edge))
		if err == nil && imagefile.MadeByOPAL(b) {
			return true
		}
	}
	return false
}

// read reads a photo of at most max bytes. "-" is standard input.
func read(ctx context.Context, stdin io.Reader, path string, max int64) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if path == Stdin {
		return readMost(stdin, max)
	}
	return readPlain(path, max)
}
