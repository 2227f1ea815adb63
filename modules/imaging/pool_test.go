package imaging

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSizeClasses(t *testing.T) {
	seen := map[int]int{}
	for n := leastPooled; n < 8*leastPooled; n += 1237 {
		class, size := sizeClass(n)
		if size < n || size > n+n/pooledSteps+1 {
			t.Errorf("%d bytes take %d", n, size)
		}
		if was, ok := seen[class]; ok && was != size {
			t.Errorf("class %d holds %d and %d bytes", class, was, size)
		}
		seen[class] = size
		if again, same := sizeClass(size); again != class || same != size {
			t.Errorf("%d bytes are of class %d and then of class %d with %d", size, class, again, same)
		}
	}
}

// What a recycled picture held shows in none that is made in its memory.
func TestRecycledMemoryShowsNothing(t *testing.T) {
	const side = 300
	secret := func() { Recycle(Filled(side, side, color.NRGBA{1, 2, 3, 4})) }
	small, whole := Filled(side/2, side/2, color.NRGBA{9, 9, 9, 255}), Filled(side, side, color.NRGBA{9, 9, 9, 255})
	file, err := Encode(whole, EncodeOptions{Format: PNG})
	if err != nil {
		t.Fatal(err)
	}
	for name, mk := range map[string]func() (*image.NRGBA, error){
		"filled":   func() (*image.NRGBA, error) { return Filled(side, side, color.NRGBA{9, 9, 9, 255}), nil },
		"resized":  func() (*image.NRGBA, error) { return Resize(small, side, side), nil },
		"the same": func() (*image.NRGBA, error) { return Resize(whole, side, side), nil },
		"a part":   func() (*image.NRGBA, error) { return Part(whole, whole.Rect), nil },
		"decoded":  func() (*image.NRGBA, error) { return DecodeOwn(file) },
	} {
		t.Run(name, func(t *testing.T) {
			for range 4 { // the pool may have given the memory away
				secret()
				got, err := mk()
				if err != nil {
					t.Fatal(err)
				}
				if got.Rect != whole.Rect || !bytes.Equal(whole.Pix, got.Pix) { // a cmp.Diff of so many pixels takes minutes
					t.Fatal("it holds other pixels")
				}
			}
		})
	}
}

func TestRecycledPicturesAreNobodys(t *testing.T) {
	const side = 300
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			want := color.NRGBA{uint8(i), 0, 0, 255}
			for range 50 {
				img := Filled(side, side, want)
				if got := img.NRGBAAt(side-1, side-1); got != want || img.NRGBAAt(0, 0) != want {
					t.Errorf("%v, want %v", got, want)
				}
				Recycle(img)
				if len(img.Pix) != 0 {
					t.Error("it still has its pixels")
				}
			}
		})
	}
	all.Wait()
}

func TestPixelsAreNarrowed(t *testing.T) {
	for _, n := range []int{0, 1, 4, 5, 6, 7, 9, 100} {
		for _, plain := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d pixels, plain %t", n, plain), func(t *testing.T) {
				rgba, want := make([]byte, 0, 4*n), make([]byte, 0, 3*n+1)
				for i := range n {
					r, g, b := byte(3*i), byte(3*i+1), byte(3*i+2)
					rgba, want = append(rgba, r, g, b, byte(i)), append(want, r, g, b)
				}
				const guard = 77 // what lies behind stays
				got := make([]byte, 3*n+1)
				got[3*n], want = guard, append(want, guard)
				narrowBy(got, rgba, plain)
				if d := cmp.Diff(want, got); d != "" {
					t.Error(d)
				}
			})
		}
	}
}
