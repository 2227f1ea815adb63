// Package azureblob keeps blobs in Azure Blob Storage.
package azureblob

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	azblob "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/telemetry"
)

// ErrOptions says that a store can't be opened with the given options.
var ErrOptions = fault.New(fault.Invalid, "blob_options", "The store of pictures is not configured properly")

// Options say which account to open, and as whom: by a connection string (its
// key signs URLs) or with a credential (user-delegation keys sign them).
type Options struct {
	ConnectionString string
	AccountName      string
	Endpoint         string // of the blob service; "": the account's public one
	Credential       azcore.TokenCredential
	HTTP             *http.Client // nil: the store makes one
}

// The client's own tries: few and short, because blob.Retry repeats writes and
// the queue repeats the whole work.
const (
	tries     = 3
	tryWait   = 300 * time.Millisecond
	maxWait   = 2 * time.Second
	tryBounds = 2 * time.Minute
)

// silence is how long the service may send nothing once it has a whole request:
// a client never learns that a firewall or a proxy dropped its connection.
const silence = 20 * time.Second

// idleConnections are kept for the next calls: there is one host.
const idleConnections = 32

func newClient() *http.Client {
	return &http.Client{Transport: telemetry.Transport(&http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, TLSHandshakeTimeout: 10 * time.Second,
		ResponseHeaderTimeout: silence, ExpectContinueTimeout: time.Second,
		MaxIdleConns: idleConnections, MaxIdleConnsPerHost: idleConnections, IdleConnTimeout: 90 * time.Second,
	})}
}

// Store is one account. It is a blob.Store.
type Store struct {
	service *service.Client
	signer  signer
	keyed   bool // opened by a connection string
	http    bool // plain HTTP, as emulators have it
}

// Open opens the account. It makes no call.
func Open(o Options) (*Store, error) {
	opts := &service.ClientOptions{ClientOptions: policy.ClientOptions{
		Retry: policy.RetryOptions{MaxRetries: tries - 1, RetryDelay: tryWait, MaxRetryDelay: maxWait, TryTimeout: tryBounds},
	}}
	if o.HTTP == nil {
		o.HTTP = newClient()
	}
	opts.Transport = o.HTTP
	if o.ConnectionString != "" {
		c, err := service.NewClientFromConnectionString(o.ConnectionString, opts)
		if err != nil {
			return nil, ErrOptions.With("STORAGE_CONNECTION_STRING can't be read")
		}
		cred, err := keyOf(o.ConnectionString)
		if err != nil {
			return nil, err
		}
		return &Store{service: c, signer: sharedKey{cred}, keyed: true, http: strings.HasPrefix(c.URL(), "http:")}, nil
	}
	endpoint := strings.TrimRight(o.Endpoint, "/")
	if endpoint == "" {
		endpoint = "https://" + o.AccountName + ".blob.core.windows.net"
	}
	if u, err := url.Parse(endpoint); err != nil || u.Scheme != "https" || u.Host == "" || strings.HasPrefix(u.Host, ".") {
		return nil, ErrOptions.With("STORAGE_ENDPOINT must be https://…, or STORAGE_ACCOUNT_NAME be set")
	}
	if o.Credential == nil {
		return nil, ErrOptions.With("neither a connection string nor an identity is given")
	}
	c, err := service.NewClient(endpoint+"/", o.Credential, opts)
	if err != nil {
		return nil, ErrOptions.With("the client does not take the endpoint")
	}
	return &Store{service: c, signer: &delegation{service: c}}, nil
}

// client returns a blob's client after checking its name.
func (s *Store) client(containerName, name string) (*blockblob.Client, error) {
	if err := blob.CheckName(name); err != nil {
		return nil, err
	}
	// the SDK escapes nothing that the URL's own syntax uses
	return s.service.NewContainerClient(containerName).NewBlockBlobClient(name), nil
}

// translate wraps an error of the service in the matching error of package
// blob.
func translate(err error) error {
	if err == nil {
		return nil
	}
	var res *azcore.ResponseError
	if !errors.As(err, &res) {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		return errors.Join(blob.ErrUnavailable, err)
	}
	code := res.ErrorCode
	switch {
	case bloberror.HasCode(err, bloberror.BlobAlreadyExists, bloberror.ConditionNotMet, bloberror.TargetConditionNotMet):
		return blob.ErrExists
	case bloberror.HasCode(err, bloberror.ContainerNotFound):
		return blob.ErrNotFound.With("the container is missing")
	case res.StatusCode == http.StatusNotFound:
		return blob.ErrNotFound
	case res.StatusCode == http.StatusForbidden, res.StatusCode == http.StatusUnauthorized:
		return blob.ErrForbidden.With("%d %s; check the identity's role Storage Blob Data Contributor, or the key", res.StatusCode, code)
	}
	if res.StatusCode >= http.StatusInternalServerError || slices.Contains(passing, res.StatusCode) {
		return fmt.Errorf("%w: %d %s", blob.ErrUnavailable, res.StatusCode, code)
	}
	return fmt.Errorf("the blob store answers %d %s", res.StatusCode, code) // another try would not help
}

// passing are the statuses below 500 after which another try may succeed. A
// conflict is one: it stands for a copy or a deletion that is under way.
var passing = []int{http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests}

// Put writes a blob.
func (s *Store) Put(ctx context.Context, containerName, name string, body []byte, o blob.PutOptions) error {
	c, err := s.client(containerName, name)
	if err != nil {
		return err
	}
	opts := &blockblob.UploadOptions{HTTPHeaders: &azblob.HTTPHeaders{}}
	if o.ContentType != "" {
		opts.HTTPHeaders.BlobContentType = &o.ContentType
	}
	if o.IfNoneMatch {
		any := azcore.ETagAny
		// The client's own tries would meet the blob of a try whose answer was lost
		// and report ErrExists. blob.Retry tells them apart.
		ctx = policy.WithRetryOptions(ctx, policy.RetryOptions{MaxRetries: -1, TryTimeout: tryBounds})
		opts.AccessConditions = &azblob.AccessConditions{ModifiedAccessConditions: &azblob.ModifiedAccessConditions{IfNoneMatch: &any}}
	}
	_, err = c.Upload(ctx, streaming.NopCloser(bytes.NewReader(body)), opts)
	return translate(err)
}

// Get reads a whole blob.
func (s *Store) Get(ctx context.Context, containerName, name string, limit int64) ([]byte, blob.Info, error) {
	r, info, err := s.Open(ctx, containerName, name, 0, 0)
	if err != nil {
		return nil, blob.Info{}, err
	}
	defer r.Close()
	return blob.ReadWhole(r, info, limit, translate)
}

// Open reads a blob from offset on. After a connection that breaks in mid-read
// it reads on over a new one.
func (s *Store) Open(ctx context.Context, containerName, name string, offset, length int64) (io.ReadCloser, blob.Info, error) {
	c, err := s.client(containerName, name)
	if err != nil {
		return nil, blob.Info{}, err
	}
	res, err := c.DownloadStream(ctx, &azblob.DownloadStreamOptions{Range: azblob.HTTPRange{Offset: offset, Count: length}})
	if err != nil {
		return nil, blob.Info{}, translate(err)
	}
	info := blob.Info{Name: name, Size: sizeOf(value(res.ContentRange), value(res.ContentLength)), ContentType: value(res.ContentType), ModifiedAt: value(res.LastModified).UTC()}
	return res.NewRetryReader(ctx, &azblob.RetryReaderOptions{MaxRetries: tries}), info, nil
}

// sizeOf returns a blob's size from an answer's Content-Range ("bytes 0-9/100"),
// or without one, length.
func sizeOf(contentRange string, length int64) int64 {
	if _, whole, ok := strings.Cut(contentRange, "/"); ok {
		if n, err := strconv.ParseInt(whole, 10, 64); err == nil {
			return n
		}
	}
	return length
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// Head describes a blob.
func (s *Store) Head(ctx context.Context, containerName, name string) (blob.Info, error) {
	c, err := s.client(containerName, name)
	if err != nil {
		return blob.Info{}, err
	}
	p, err := c.GetProperties(ctx, nil)
	if err != nil {
		return blob.Info{}, translate(err)
	}
	return blob.Info{Name: name, Size: value(p.ContentLength), ContentType: value(p.ContentType), ModifiedAt: value(p.LastModified).UTC()}, nil
}

// Delete removes a blob.
func (s *Store) Delete(ctx context.Context, containerName, name string) error {
	c, err := s.client(containerName, name)
	if err != nil {
		return err
	}
	_, err = c.Delete(ctx, nil)
	if err = translate(err); errors.Is(err, blob.ErrNotFound) {
		return nil
	}
	return err
}

// Copy copies a blob within its container, through this process: a copy on the
// service's side needs a URL that the service itself can reach and trust.
func (s *Store) Copy(ctx context.Context, containerName, from, to string) error {
	dst, err := s.client(containerName, to)
	if err != nil {
		return err
	}
	r, info, err := s.Open(ctx, containerName, from, 0, 0)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = dst.UploadStream(ctx, r, &blockblob.UploadStreamOptions{HTTPHeaders: &azblob.HTTPHeaders{BlobContentType: &info.ContentType}})
	return translate(err)
}

// List yields blobs in order of name.
func (s *Store) List(ctx context.Context, containerName, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		pages := s.service.NewContainerClient(containerName).NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: &prefix})
		for pages.More() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(blob.Info{}, translate(err))
				return
			}
			for _, b := range page.Segment.BlobItems {
				i := blob.Info{Name: value(b.Name)}
				if p := b.Properties; p != nil {
					i.Size, i.ContentType, i.ModifiedAt = value(p.ContentLength), value(p.ContentType), value(p.LastModified).UTC()
				}
				if !yield(i, nil) {
					return
				}
			}
		}
	}
}

// EnsureContainers makes the containers that are missing, under a connection
// string only: an identity is not given that right, and the deployment makes
// them.
func (s *Store) EnsureContainers(ctx context.Context, names ...string) error {
	if !s.keyed {
		return nil
	}
	for _, n := range names {
		_, err := s.service.NewContainerClient(n).Create(ctx, nil)
		if err != nil && !bloberror.HasCode(err, bloberror.ContainerAlreadyExists) {
			return fmt.Errorf("create container %s: %w", n, translate(err))
		}
	}
	return nil
}

// Ping checks that the account answers and accepts the credentials: it looks
// for a blob that can't exist, which a data role allows where reading the
// account's properties needs another.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.Head(ctx, "raw", "opal-ping")
	if errors.Is(err, blob.ErrNotFound) {
		return nil
	}
	return err
}

// Close does nothing: the transport owns the connections.
func (*Store) Close() error { return nil }
