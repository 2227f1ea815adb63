package job

import (
	"context"
	"fmt"
	"time"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/crashpoint"
	"github.com/opal-photo/opal/modules/imaging"
)

// artifacts keeps an attempt's pictures under the attempt's own names, so that
// attempts never overwrite each other's pictures; the path in the database says
// which one counts.
type artifacts struct {
	s      *Service
	c      *claimed
	prefix string // of the steps' names: a version's attempts are counted for themselves
	n      map[string]int
}

// scoreURLTTL is how long the scoring service can read and write: the longest
// call with its retries.
const scoreURLTTL = 10 * time.Minute

// path names the n-th picture of a step and an attempt.
func (a *artifacts) path(step, ext string) (string, error) {
	if a.n == nil {
		a.n = map[string]int{}
	}
	step = a.prefix + step
	a.n[step]++
	if n := a.n[step]; n > 1 {
		step = fmt.Sprintf("%s-%d", step, n)
	}
	return blob.ArtifactPath(a.c.tenantID, a.c.jobID, a.c.itemID, step, a.c.held.Attempt, ext)
}

// Put stores a picture.
func (a *artifacts) Put(ctx context.Context, step, ext, contentType string, body []byte) (string, error) {
	path, err := a.path(step, ext)
	if err != nil {
		return "", err
	}
	err = a.s.Blobs.Put(ctx, a.s.Containers.Outputs, path, body, blob.PutOptions{ContentType: contentType, IfNoneMatch: true})
	crashpoint.Reach(crashpoint.ArtifactStored)
	return path, err
}

// maxArtifact bounds what is read back: a 50-megapixel RGBA PNG of noise.
const maxArtifact = 8 * imaging.MaxBytes

// Get reads a picture.
func (a *artifacts) Get(ctx context.Context, path string) ([]byte, error) {
	b, _, err := a.s.Blobs.Get(ctx, a.s.Containers.Outputs, path, maxArtifact)
	return b, err
}

// ReadURL signs a URL to read a picture.
func (a *artifacts) ReadURL(ctx context.Context, path string) (string, error) {
	return a.s.Blobs.ReadURL(ctx, a.s.Containers.Outputs, path, scoreURLTTL, blob.ReadURLOptions{})
}

// UploadURL signs a URL to create a picture.
func (a *artifacts) UploadURL(ctx context.Context, step, ext string) (url, path string, err error) {
	if path, err = a.path(step, ext); err != nil {
		return "", "", err
	}
	url, err = a.s.Blobs.UploadURL(ctx, a.s.Containers.Outputs, path, scoreURLTTL, imaging.MaxBytes)
	return url, path, err
}
