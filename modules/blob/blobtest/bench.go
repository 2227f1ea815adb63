package blobtest

import (
	"fmt"
	"testing"

	"github.com/opal-photo/opal/modules/blob"
)

// benchSize is the size of a finished picture: 4 MB.
const benchSize = 4 << 20

// Benchmark measures a store's writes and reads. MB/s is in the output.
func Benchmark(b *testing.B, open func(b *testing.B) blob.Store) {
	body := make([]byte, benchSize)
	for i := range body {
		body[i] = byte(i * 7)
	}
	b.Run("Put", func(b *testing.B) {
		s := open(b)
		b.SetBytes(benchSize)
		n := 0
		for b.Loop() {
			n++
			if err := s.Put(b.Context(), container, fmt.Sprintf("b/%d", n), body, blob.PutOptions{IfNoneMatch: true, ContentType: "image/jpeg"}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Get", func(b *testing.B) {
		s := open(b)
		if err := s.Put(b.Context(), container, "b/read", body, blob.PutOptions{}); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(benchSize)
		for b.Loop() {
			if _, _, err := s.Get(b.Context(), container, "b/read", benchSize); err != nil {
				b.Fatal(err)
			}
		}
	})
}
