package imaging

import (
	"context"
	"sync"
)

// roomPerHand is how many pixels of photos each of a worker's hands may hold, on average: a
// photo of a common camera. A photo of 50 megapixels takes the memory of three.
const roomPerHand = 16_000_000

// mostOvertaken is how many photos may be taken before one that came earlier and finds no
// room. Without a bound a large one would wait for as long as small ones come.
const mostOvertaken = 16

// Room bounds the pixels that the photos in work, or their layers, hold together, so that a worker's memory
// bounds its work, not the number of photos. One that needs more than there is waits while
// smaller ones go on. It is safe for concurrent use.
type Room struct {
	pixels int

	mu    sync.Mutex
	used  int
	waits []*waiter // in the order in which they came
}

type waiter struct {
	need, overtaken int
	granted         chan struct{}
}

// NewRoom returns the room of a worker that takes up to hands photos at a time.
func NewRoom(hands int) *Room { return &Room{pixels: max(hands, 1) * roomPerHand} }

// Enter waits until a photo of so many pixels fits, and returns what ends its stay. One that
// is larger than the room has it alone. Error: the context's.
func (r *Room) Enter(ctx context.Context, pixels int) (leave func(), err error) {
	need := min(max(pixels, 0), r.pixels)
	r.mu.Lock()
	if r.used+need <= r.pixels && r.mayOvertake() {
		for _, w := range r.waits {
			w.overtaken++
		}
		r.used += need
		r.mu.Unlock()
		return r.leave(need), nil
	}
	w := &waiter{need: need, granted: make(chan struct{})}
	r.waits = append(r.waits, w)
	r.mu.Unlock()
	select {
	case <-w.granted:
		return r.leave(need), nil
	case <-ctx.Done():
	}
	r.mu.Lock()
	for i, other := range r.waits {
		if other == w {
			r.waits = append(r.waits[:i], r.waits[i+1:]...)
			r.grant() // it may have kept others waiting
			r.mu.Unlock()
			return nil, ctx.Err()
		}
	}
	r.mu.Unlock()
	r.leave(need)() // it was let in meanwhile
	return nil, ctx.Err()
}

func (r *Room) mayOvertake() bool {
	for _, w := range r.waits {
		if w.overtaken >= mostOvertaken {
			return false
		}
	}
	return true
}

func (r *Room) leave(need int) func() {
	return sync.OnceFunc(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.used -= need
		r.grant()
	})
}

// grant lets in those who wait and fit, the earliest first.
func (r *Room) grant() {
	var rest []*waiter
	for _, w := range r.waits {
		patient := true // nobody who waits has been overtaken too often
		for _, earlier := range rest {
			patient = patient && earlier.overtaken < mostOvertaken
		}
		if r.used+w.need > r.pixels || !patient {
			rest = append(rest, w)
			continue
		}
		for _, earlier := range rest {
			earlier.overtaken++
		}
		r.used += w.need
		close(w.granted)
	}
	r.waits = rest
}
