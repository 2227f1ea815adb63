package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Upload sends an item's photo: it asks for a URL, PUTs the photo there and
// completes the upload, which queues the item.
func (c *Client) Upload(ctx context.Context, jobID, itemID, filename string, photo []byte) error {
	u, err := c.UploadURL(ctx, UploadRequest{JobID: jobID, ItemID: itemID, Filename: filename})
	if err != nil {
		return err
	}
	if err := c.Put(ctx, u.UploadURL, photo); err != nil {
		return err
	}
	return c.Complete(ctx, jobID, itemID)
}

// Put sends a photo to an upload URL. The URL itself is the credential: no key is
// sent there.
func (c *Client) Put(ctx context.Context, uploadURL string, photo []byte) error {
	return c.PutFrom(ctx, uploadURL, photo, nil)
}

// PutFrom is Put, and calls sent with the number of bytes that have been read for
// sending, as they grow (nil: it doesn't).
func (c *Client) PutFrom(ctx context.Context, uploadURL string, photo []byte, sent func(int64)) error {
	var body io.Reader = bytes.NewReader(photo)
	switch {
	case len(photo) == 0:
		body = http.NoBody
	case sent != nil:
		body = &counted{r: body, sent: sent}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, uploadURL, body)
	if err != nil {
		return ErrAnswer.With("the upload URL is not one")
	}
	req.ContentLength = int64(len(photo))
	req.Header.Set("User-Agent", c.o.Agent)
	req.Header.Set("Content-Type", "application/octet-stream")
	req.Header.Set("x-ms-blob-type", "BlockBlob")
	res, err := c.o.HTTP.Do(req)
	if err != nil {
		return c.unreached(ctx, err)
	}
	defer res.Body.Close()
	if res.StatusCode >= http.StatusBadRequest {
		return problemOf(res)
	}
	_, err = io.Copy(io.Discard, io.LimitReader(res.Body, maxProblem))
	return err
}

// Fetch writes the file at a download URL and returns the number of bytes. No key
// is sent there.
func (c *Client) Fetch(ctx context.Context, downloadURL string, to io.Writer) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, downloadURL, nil)
	if err != nil {
		return 0, ErrAnswer.With("the download URL is not one")
	}
	req.Header.Set("User-Agent", c.o.Agent)
	res, err := c.o.HTTP.Do(req)
	if err != nil {
		return 0, c.unreached(ctx, err)
	}
	defer res.Body.Close()
	if res.StatusCode >= http.StatusBadRequest {
		return 0, problemOf(res)
	}
	n, err := io.Copy(to, res.Body)
	if err == nil && res.ContentLength >= 0 && n != res.ContentLength {
		err = io.ErrUnexpectedEOF
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return n, ErrUnreachable.With("the file broke off after %d bytes", n)
	}
	if err != nil {
		return n, fmt.Errorf("fetch a file: %w", err)
	}
	return n, nil
}

// counted tells how much of a reader has been read.
type counted struct {
	r    io.Reader
	n    int64
	sent func(int64)
}

// Read reads and tells.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if n > 0 {
		c.n += int64(n)
		c.sent(c.n)
	}
	return n, err
}
