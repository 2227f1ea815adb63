package azureblob

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	azblob "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/filename"
)

// clockSkew is how far back a URL's validity begins, for services whose clock is
// behind ours.
const clockSkew = 5 * time.Minute

// signer turns signature values into the query of a SAS.
type signer interface {
	sign(ctx context.Context, v sas.BlobSignatureValues) (string, error)
}

// UploadURL signs a URL that creates the blob. Permission "c" without "w" makes
// an overwrite fail. The size can't be part of a SAS: it is checked when the
// upload is completed.
func (s *Store) UploadURL(ctx context.Context, containerName, name string, ttl time.Duration, maxBytes int64) (string, error) {
	if ttl <= 0 || ttl > blob.MaxUploadTTL || maxBytes <= 0 {
		return "", fmt.Errorf("an upload URL for %s of %d bytes can't be given", ttl, maxBytes)
	}
	return s.url(ctx, containerName, name, ttl, sas.BlobSignatureValues{Permissions: (&sas.BlobPermissions{Create: true}).String()})
}

// ReadURL signs a URL that reads the blob.
func (s *Store) ReadURL(ctx context.Context, containerName, name string, ttl time.Duration, o blob.ReadURLOptions) (string, error) {
	v := sas.BlobSignatureValues{Permissions: (&sas.BlobPermissions{Read: true}).String()}
	if o.DownloadName != "" {
		v.ContentDisposition = filename.Attachment(filename.File(o.DownloadName))
	}
	v.ContentType = o.ContentType
	return s.url(ctx, containerName, name, ttl, v)
}

func (s *Store) url(ctx context.Context, containerName, name string, ttl time.Duration, v sas.BlobSignatureValues) (string, error) {
	c, err := s.client(containerName, name)
	if err != nil {
		return "", err
	}
	now := time.Now().UTC()
	v.StartTime, v.ExpiryTime = now.Add(-clockSkew), now.Add(ttl)
	v.ContainerName, v.BlobName = containerName, name
	v.Protocol = sas.ProtocolHTTPS
	if s.http {
		v.Protocol = sas.ProtocolHTTPSandHTTP
	}
	q, err := s.signer.sign(ctx, v)
	if err != nil {
		return "", fmt.Errorf("sign a URL: %w", err)
	}
	return c.URL() + "?" + q, nil
}

// sharedKey signs with the account's key.
type sharedKey struct{ cred *sas.SharedKeyCredential }

func (k sharedKey) sign(_ context.Context, v sas.BlobSignatureValues) (string, error) {
	q, err := v.SignWithSharedKey(k.cred)
	if err != nil {
		return "", err
	}
	return q.Encode(), nil
}

// keyOf reads account and key of a connection string. One without a key can
// read and write, but sign no URLs, so it is refused.
func keyOf(connection string) (*sas.SharedKeyCredential, error) {
	var account, key string
	for part := range strings.SplitSeq(connection, ";") {
		switch name, value, _ := strings.Cut(part, "="); name {
		case "AccountName":
			account = value
		case "AccountKey":
			key = value
		}
	}
	if account == "" || key == "" {
		return nil, ErrOptions.With("STORAGE_CONNECTION_STRING must hold AccountName and AccountKey: they sign the upload URLs")
	}
	cred, err := azblob.NewSharedKeyCredential(account, key)
	if err != nil {
		return nil, ErrOptions.With("the AccountKey of STORAGE_CONNECTION_STRING is not base64")
	}
	return cred, nil
}

// delegation signs with a key that the service issues to OPAL's identity. The
// key is kept and renewed before URLs signed with it could outlive it.
type delegation struct {
	service *service.Client
	mu      sync.Mutex
	cred    *service.UserDelegationCredential
	until   time.Time
}

// The key's times.
const (
	keyLife  = 6 * time.Hour
	keySpare = time.Hour // longer than any URL
)

func (d *delegation) sign(ctx context.Context, v sas.BlobSignatureValues) (string, error) {
	cred, err := d.key(ctx)
	if err != nil {
		return "", err
	}
	q, err := v.SignWithUserDelegation(cred)
	if err != nil {
		return "", err
	}
	return q.Encode(), nil
}

func (d *delegation) key(ctx context.Context) (*service.UserDelegationCredential, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now().UTC()
	if d.cred != nil && now.Before(d.until.Add(-keySpare)) {
		return d.cred, nil
	}
	start, end := now.Add(-clockSkew).Format(sas.TimeFormat), now.Add(keyLife).Format(sas.TimeFormat)
	cred, err := d.service.GetUserDelegationCredential(ctx, service.KeyInfo{Start: &start, Expiry: &end}, nil)
	if err != nil {
		return nil, fmt.Errorf("get a user delegation key: %w", translate(err))
	}
	d.cred, d.until = cred, now.Add(keyLife)
	return cred, nil
}
