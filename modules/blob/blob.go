// Package blob is the port to the store of pictures, with its paths and its
// rules of retry. Adapters are folders beside it; all pass blobtest.
package blob

import (
	"context"
	"io"
	"iter"
	"time"

	"github.com/opal-photo/opal/modules/fault"
)

// The errors of a store.
var (
	ErrNotFound    = fault.New(fault.NotFound, "blob_not_found", "There is no such file")
	ErrExists      = fault.New(fault.Conflict, "blob_exists", "The file is there already; it is never overwritten")
	ErrForbidden   = fault.New(fault.Forbidden, "blob_forbidden", "The store refuses access")
	ErrTooLarge    = fault.New(fault.TooLarge, "blob_too_large", "The file is larger than is allowed here")
	ErrUnavailable = fault.New(fault.Unavailable, "blob_unavailable", "The store of pictures can't be reached; try again shortly")
	ErrName        = fault.New(fault.Invalid, "blob_name_invalid", "The file's path is not valid")
)

// MaxUploadTTL bounds how long an upload URL is valid.
const MaxUploadTTL = 15 * time.Minute

// Info describes a blob.
type Info struct {
	Name        string // within its container
	Size        int64  // bytes
	ContentType string
	ModifiedAt  time.Time
}

// PutOptions say how a blob is written.
type PutOptions struct {
	ContentType string
	IfNoneMatch bool // create only: ErrExists when it is there
}

// ReadURLOptions set headers of a read URL's answer.
type ReadURLOptions struct {
	DownloadName string // a file name, made safe by package filename: saved under it instead of being shown
	ContentType  string // in place of the type that the blob was put with; "": that one
}

// Store keeps blobs in containers. It is safe for concurrent use.
//
// Errors are those of this package or of the context; ErrUnavailable stands for
// every failure that may pass by itself. A store retries only what Retry does.
// Names are slash-separated paths as this package's builders make them; a store
// checks them with CheckName.
type Store interface {
	Put(ctx context.Context, container, name string, body []byte, o PutOptions) error
	// Get reads a whole blob; ErrTooLarge when it has more than limit bytes.
	Get(ctx context.Context, container, name string, limit int64) ([]byte, Info, error)
	// Open reads length bytes from offset on, fewer where the blob ends before; 0:
	// to its end. Info.Size is the size of the whole blob. The caller closes the
	// reader.
	Open(ctx context.Context, container, name string, offset, length int64) (io.ReadCloser, Info, error)
	Head(ctx context.Context, container, name string) (Info, error)
	// Delete removes a blob; a missing one is not an error.
	Delete(ctx context.Context, container, name string) error
	Copy(ctx context.Context, container, from, to string) error
	// List yields the blobs whose names begin with prefix, in order of name.
	List(ctx context.Context, container, prefix string) iter.Seq2[Info, error]
	// UploadURL signs an absolute URL that creates this one blob, once, of at
	// most maxBytes, within ttl (at most MaxUploadTTL).
	UploadURL(ctx context.Context, container, name string, ttl time.Duration, maxBytes int64) (string, error)
	// ReadURL signs an absolute URL that reads this one blob within ttl.
	ReadURL(ctx context.Context, container, name string, ttl time.Duration, o ReadURLOptions) (string, error)
	// EnsureContainers makes the containers that are missing.
	EnsureContainers(ctx context.Context, names ...string) error
	// Ping checks that the store answers and accepts the credentials.
	Ping(ctx context.Context) error
	Close() error
}
