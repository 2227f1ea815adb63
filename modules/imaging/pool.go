package imaging

import (
	"image"
	"math/bits"
	"slices"
	"sync"
	"time"
)

// Large pictures' memory is used again: fresh memory is cleared by the kernel a page at a
// time, which took a quarter of the CPU of five variants of 12 megapixels.

const (
	leastPooled = 256 << 10 // bytes; below, Go's own allocator has them at hand
	pooledSteps = 8         // sizes between a power of 2 and the next: an eighth at most is too much
	mostPooled  = 192 << 20 // bytes that wait, together: what two variants of a photo of 12 megapixels take
	pooledFor   = 2 * time.Second
)

// unused is the memory that waits, the last given back at the end. The collector, which empties
// a sync.Pool, runs several times a photo.
var unused struct {
	sync.Mutex
	waiting []waiting
	bytes   int
	emptier *time.Timer
}

type waiting struct {
	class int
	b     []byte
}

// sizeClass returns the class of memory for n bytes, and its size.
func sizeClass(n int) (class, size int) {
	power := bits.Len(uint(n-1)) - 1 // 2^power < n
	step := 1 << power / pooledSteps
	steps := (n + step - 1) / step
	return power*pooledSteps + steps - pooledSteps - 1, steps * step
}

// rough returns n bytes that hold anything: whoever takes them writes all of them.
func rough(n int) []byte {
	if n < leastPooled {
		return make([]byte, n)
	}
	class, size := sizeClass(n)
	if b := take(class); b != nil {
		return b[:n]
	}
	return make([]byte, n, size)
}

func take(class int) []byte {
	unused.Lock()
	defer unused.Unlock()
	for i, w := range slices.Backward(unused.waiting) {
		if w.class == class {
			unused.waiting = slices.Delete(unused.waiting, i, i+1)
			unused.bytes -= cap(w.b)
			return w.b
		}
	}
	return nil
}

// giveBack lets memory of rough be used again. Nobody else may hold any of it.
func giveBack(b []byte) {
	if cap(b) < leastPooled || cap(b) > mostPooled {
		return
	}
	class, size := sizeClass(cap(b))
	if size != cap(b) {
		return // of another allocator
	}
	unused.Lock()
	defer unused.Unlock()
	unused.waiting = append(unused.waiting, waiting{class, b})
	unused.bytes += size
	for unused.bytes > mostPooled {
		unused.bytes -= cap(unused.waiting[0].b)
		unused.waiting = slices.Delete(unused.waiting, 0, 1)
	}
	if unused.emptier == nil {
		unused.emptier = time.AfterFunc(pooledFor, empty)
	}
	unused.emptier.Reset(pooledFor)
}

// empty leaves the waiting memory to the collector, when no picture has come for a while.
func empty() {
	unused.Lock()
	defer unused.Unlock()
	unused.waiting, unused.bytes = nil, 0
}

// roughPicture returns a picture whose pixels hold anything: whoever takes it writes all of them.
func roughPicture(w, h int) *image.NRGBA {
	return &image.NRGBA{Pix: rough(w * h * bytesPerPixel), Stride: w * bytesPerPixel, Rect: image.Rect(0, 0, w, h)}
}

// Recycle lets a picture's memory be used for others, which needs less time than to wait for
// the collector. It is for the one who owns all of the picture, from this package's functions
// or not: neither it nor a part of it may be used any more. nil is left alone.
func Recycle(img *image.NRGBA) {
	if img == nil {
		return
	}
	pix := img.Pix
	*img = image.NRGBA{} // so that a use by mistake shows
	giveBack(pix)
}
