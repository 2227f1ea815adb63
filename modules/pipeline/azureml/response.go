package azureml

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// capped reads at most left bytes and then fails with ErrResponseTooLarge,
// where io.LimitReader would pretend that the body ended.
// It keeps the reader's own error, which tells a broken connection from a body
// that is wrong.
type capped struct {
	r    io.Reader
	left int64
	err  error
}

// Read implements io.Reader.
func (c *capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, ErrResponseTooLarge
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

// readResponse decodes a 200's body of at most limit bytes, as sent and
// decompressed. stored tells that the picture was to be written elsewhere.
func readResponse(ctx context.Context, res *http.Response, limit int64, stored bool) (*ScoreResponse, error) {
	if res.ContentLength > limit {
		return nil, ErrResponseTooLarge.With("%d bytes, at most %d", res.ContentLength, limit)
	}
	wire := &capped{r: res.Body, left: limit + 1}
	body := io.Reader(wire)
	switch enc := strings.ToLower(res.Header.Get("Content-Encoding")); enc {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, readError(ctx, wire, err)
		}
		body = &capped{r: z, left: limit + 1}
	default:
		return nil, ErrBadResponse.With("an unknown content encoding")
	}
	var out ScoreResponse
	d := json.NewDecoder(body)
	if err := d.Decode(&out); err != nil {
		return nil, readError(ctx, wire, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		if err == nil {
			return nil, ErrBadResponse.With("more than one JSON value")
		}
		return nil, readError(ctx, wire, err)
	}
	if len(out.ImageBytes) == 0 && !stored {
		return nil, ErrBadResponse.With("it holds no image")
	}
	return &out, nil
}

// readError tells a broken connection from a body that is wrong.
func readError(ctx context.Context, wire *capped, err error) error {
	switch {
	case errors.Is(err, ErrResponseTooLarge):
		return err
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case wire.err != nil:
		return connectionError(ctx, wire.err)
	}
	return fmt.Errorf("%w: %w", ErrBadResponse, err)
}
