package blob

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"github.com/opal-photo/opal/modules/fault"
)

// Writes are tried three times, with one to five seconds between.
const (
	writeTries = 3
	minWait    = time.Second
	maxWait    = 5 * time.Second
)

// Retry returns the store with its writes retried. A create-only write whose
// first try landed although its answer was lost is recognised by its bytes.
func Retry(s Store) Store { return &retrying{Store: s, wait: wait} }

type retrying struct {
	Store
	wait func(ctx context.Context) error
}

func wait(ctx context.Context) error {
	t := time.NewTimer(minWait + time.Duration(rand.Int64N(int64(maxWait-minWait))))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Put writes, again when that may help.
func (r *retrying) Put(ctx context.Context, container, name string, body []byte, o PutOptions) error {
	for try := 1; ; try++ {
		err := r.Store.Put(ctx, container, name, body, o)
		if err == nil {
			return nil
		}
		if try > 1 && errors.Is(err, ErrExists) && r.holds(ctx, container, name, body) {
			return nil
		}
		if try == writeTries || !fault.IsTransient(err) || ctx.Err() != nil {
			return err
		}
		if werr := r.wait(ctx); werr != nil {
			return errors.Join(err, werr)
		}
	}
}

// holds reports whether the blob has exactly these bytes.
func (r *retrying) holds(ctx context.Context, container, name string, body []byte) bool {
	rd, info, err := r.Open(ctx, container, name, 0)
	if err != nil {
		return false
	}
	defer rd.Close()
	if info.Size != int64(len(body)) {
		return false
	}
	got, err := io.ReadAll(io.LimitReader(rd, info.Size+1))
	return err == nil && bytes.Equal(got, body)
}
