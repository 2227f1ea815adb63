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
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, uploadURL, bytes.NewReader(photo))
	if err != nil {
		return ErrAnswer.With("the upload URL is not one")
	}
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
