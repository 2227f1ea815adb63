package blob

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"github.com/opal-photo/opal/modules/egress"
)

// Writes are tried three times, with one to five seconds between.
var writePolicy = egress.Policy{Tries: 3, Base: 5 * time.Second, Max: 5 * time.Second, Least: time.Second}

// Retry returns the store with its writes retried. A create-only write whose
// first try landed although its answer was lost is recognised by its bytes.
func Retry(s Store) Store { return &retrying{Store: s, policy: writePolicy} }

type retrying struct {
	Store
	policy egress.Policy
}

// Put writes the blob, and tries again after an error that may pass.
func (r *retrying) Put(ctx context.Context, container, name string, body []byte, o PutOptions) error {
	return egress.Retry(ctx, r.policy, func(try int) error {
		err := r.Store.Put(ctx, container, name, body, o)
		if try > 1 && errors.Is(err, ErrExists) && r.holds(ctx, container, name, body) {
			return nil
		}
		return err
	})
}

// holds reports whether the blob has exactly these bytes.
func (r *retrying) holds(ctx context.Context, container, name string, body []byte) bool {
	rd, info, err := r.Open(ctx, container, name, 0, 0)
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
