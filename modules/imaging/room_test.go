package imaging

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

const mega = 1_000_000

// guest wants to enter a room.
type guest struct {
	leave func()
	err   error
	there bool // it was let in, or gave up
}

func enter(ctx context.Context, r *Room, megapixels int) *guest {
	g := &guest{}
	go func() {
		g.leave, g.err = r.Enter(ctx, megapixels*mega)
		g.there = true
	}()
	synctest.Wait()
	return g
}

func TestALargePhotoWaitsForRoomWhileSmallOnesGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRoom(2)
		first, large := enter(t.Context(), r, 12), enter(t.Context(), r, 50)
		if !first.there || large.there {
			t.Fatalf("the small one is in: %t, the large one: %t", first.there, large.there)
		}
		second, third := enter(t.Context(), r, 12), enter(t.Context(), r, 12)
		if !second.there || third.there {
			t.Fatalf("the second small one is in: %t, and a third, for which there is no room: %t", second.there, third.there)
		}
		first.leave()
		first.leave() // to leave twice makes no room
		synctest.Wait()
		if large.there || !third.there {
			t.Fatalf("with one small photo in work the large one is in: %t, the third: %t", large.there, third.there)
		}
		second.leave()
		third.leave()
		synctest.Wait()
		if !large.there || large.err != nil {
			t.Fatalf("the large one found an empty room: %t, %v", large.there, large.err)
		}
		alone := enter(t.Context(), r, 1)
		if alone.there {
			t.Error("a photo is worked on beside one that needs all the room")
		}
		large.leave()
		synctest.Wait()
		alone.leave()
	})
}

func TestALargePhotoDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRoom(2)
		in := enter(t.Context(), r, 12)
		large := enter(t.Context(), r, 50)
		passed := 0
		for ; passed < 100; passed++ { // there is always one in work
			next := enter(t.Context(), r, 12)
			in.leave()
			synctest.Wait()
			if large.there {
				in = next
				break
			}
			if !next.there {
				t.Fatal("a small one waits in an empty room")
			}
			in = next
		}
		if !large.there || passed == 0 || passed > 20 {
			t.Errorf("the large one is in: %t, after %d small ones", large.there, passed)
		}
		large.leave()
		synctest.Wait()
		in.leave()
	})
}

func TestWhoGivesUpKeepsNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRoom(1)
		ctx, cancel := context.WithCancel(t.Context())
		first, large, small := enter(t.Context(), r, 10), enter(ctx, r, 16), enter(t.Context(), r, 10)
		cancel()
		synctest.Wait()
		if !large.there || !errors.Is(large.err, context.Canceled) || small.there {
			t.Fatalf("the large one: %+v; the small one is in: %t", large, small.there)
		}
		first.leave()
		synctest.Wait()
		if !small.there {
			t.Fatal("room that nobody has is kept")
		}
		small.leave()
		if whole := enter(t.Context(), r, 16); !whole.there {
			t.Fatal("some room is lost")
		}
	})
}
