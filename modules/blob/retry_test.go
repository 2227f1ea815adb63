package blob

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/opal-photo/opal/modules/egress"
)

// one is a store of one blob whose first writes fail; lands says whether they
// are written all the same, as when only the answer is lost.
type one struct {
	Store
	body  []byte
	fails int
	lands bool
	calls int
}

func (s *one) Put(_ context.Context, _, _ string, b []byte, _ PutOptions) error {
	s.calls++
	if s.calls <= s.fails && !s.lands {
		return ErrUnavailable
	}
	if s.body != nil {
		return ErrExists
	}
	s.body = b
	if s.calls <= s.fails {
		return ErrUnavailable
	}
	return nil
}

func (s *one) Open(context.Context, string, string, int64, int64) (io.ReadCloser, Info, error) {
	return io.NopCloser(bytes.NewReader(s.body)), Info{Size: int64(len(s.body))}, nil
}

func TestRetry(t *testing.T) {
	mine := []byte("mine")
	for name, c := range map[string]struct {
		store one
		want  error
		calls int
	}{
		"works at once":                     {one{}, nil, 1},
		"works the third time":              {one{fails: 2}, nil, 3},
		"gives up":                          {one{fails: 9}, ErrUnavailable, 3},
		"knows its own lost write again":    {one{fails: 1, lands: true}, nil, 2},
		"another's blob is no lost write":   {one{body: []byte("else"), fails: 1}, ErrExists, 2},
		"does not retry what can't succeed": {one{body: []byte("else")}, ErrExists, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := &retrying{Store: &c.store, policy: egress.Policy{Tries: 3, Base: 1, Max: 1}}
			err := r.Put(context.Background(), "c", "n", mine, PutOptions{IfNoneMatch: true})
			if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) || c.store.calls != c.calls {
				t.Fatalf("%v after %d calls", err, c.store.calls)
			}
		})
	}
}
