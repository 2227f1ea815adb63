package egress

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/opal-photo/opal/modules/fault"
)

// capped reads at most left bytes and then fails with full, where io.LimitReader
// would pretend that the body ended.
// It keeps the reader's own error, which tells a broken connection from a body
// that is wrong.
type capped struct {
	r    io.Reader
	left int64
	full error
	err  error
}

// Read implements io.Reader.
func (c *capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, c.full
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

// read calls f with the body of a 200, of at most MaxResponse bytes, as sent and
// decompressed.
func (c *Client) read(ctx context.Context, res *http.Response, f func(http.Header, io.Reader) error) error {
	limit := c.o.MaxResponse
	if res.ContentLength > limit {
		return c.o.Faults.TooLarge.With("%d bytes, at most %d", res.ContentLength, limit)
	}
	wire := &capped{r: res.Body, left: limit + 1, full: c.o.Faults.TooLarge}
	body := io.Reader(wire)
	switch enc := strings.ToLower(res.Header.Get("Content-Encoding")); enc {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return c.readError(ctx, wire, err)
		}
		body = &capped{r: z, left: limit + 1, full: c.o.Faults.TooLarge}
	default:
		return c.o.Faults.BadResponse.With("an unknown content encoding")
	}
	if err := f(res.Header, body); err != nil {
		return c.readError(ctx, wire, err)
	}
	return nil
}

// readError tells a broken connection from a body that is wrong.
func (c *Client) readError(ctx context.Context, wire *capped, err error) error {
	var f *fault.Error
	switch {
	case errors.Is(err, c.o.Faults.TooLarge):
		return err
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case wire.err != nil:
		return c.connectionError(ctx, wire.err)
	case errors.As(err, &f): // the error has a code already
		return err
	}
	return fmt.Errorf("%w: %w", c.o.Faults.BadResponse, err)
}

// JSON decodes the one JSON value that body holds into v.
func JSON(body io.Reader, v any) error {
	d := json.NewDecoder(body)
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		if err == nil {
			return errors.New("more than one JSON value")
		}
		return err
	}
	return nil
}
