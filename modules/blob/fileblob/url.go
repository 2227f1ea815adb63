package fileblob

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/filename"
)

// urls signs and checks URLs, each for one blob and one permission.
type urls struct {
	base string
	key  []byte
}

// The query's fields. They have the names of a SAS's fields, where a SAS has
// them.
const (
	queryPermission = "sp" // c: create, r: read
	queryExpiry     = "se" // seconds since 1970
	queryLimit      = "ml" // create: bytes at most
	queryDownload   = "rscd"
	queryType       = "rsct"
	querySignature  = "sig"
)

const (
	permitCreate = "c"
	permitRead   = "r"
)

// errURL is returned for every URL that is not exactly one that the store
// signed. It does not say which part is wrong.
var errURL = fault.New(fault.Forbidden, "url_invalid", "The URL is not valid, was altered or has expired; ask for a new one")

// UploadURL signs a URL to create the blob.
func (s *Store) UploadURL(_ context.Context, container, name string, ttl time.Duration, maxBytes int64) (string, error) {
	if ttl <= 0 || ttl > blob.MaxUploadTTL || maxBytes <= 0 {
		return "", fmt.Errorf("an upload URL for %s of %d bytes can't be given", ttl, maxBytes)
	}
	return s.url.sign(container, name, url.Values{queryPermission: {permitCreate}, queryLimit: {strconv.FormatInt(maxBytes, 10)}}, ttl)
}

// ReadURL signs a URL to read the blob.
func (s *Store) ReadURL(_ context.Context, container, name string, ttl time.Duration, o blob.ReadURLOptions) (string, error) {
	q := url.Values{queryPermission: {permitRead}}
	if o.DownloadName != "" {
		q.Set(queryDownload, filename.Attachment(filename.File(o.DownloadName)))
	}
	if o.ContentType != "" {
		q.Set(queryType, o.ContentType)
	}
	return s.url.sign(container, name, q, ttl)
}

func (u urls) sign(container, name string, q url.Values, ttl time.Duration) (string, error) {
	if _, err := file(container, name); err != nil {
		return "", err
	}
	q.Set(queryExpiry, strconv.FormatInt(time.Now().Add(ttl).Unix(), 10))
	q.Set(querySignature, u.signature(container, name, q))
	parts := strings.Split(container+"/"+name, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return u.base + "/" + strings.Join(parts, "/") + "?" + q.Encode(), nil
}

// signature covers the blob and every field of the query but itself.
func (u urls) signature(container, name string, q url.Values) string {
	m := hmac.New(sha256.New, u.key)
	parts := []string{"fileblob-1", container, name, q.Get(queryPermission), q.Get(queryExpiry), q.Get(queryLimit), q.Get(queryDownload)}
	if q.Has(queryType) {
		parts = append(parts, q.Get(queryType))
	}
	for _, part := range parts {
		fmt.Fprintf(m, "%d:%s", len(part), part)
	}
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// grant is what a valid URL allows.
type grant struct {
	container, name string
	permission      string
	limit           int64
	download        string
	contentType     string
}

// check reads a request's path (below the base) and query.
func (u urls) check(path string, q url.Values) (grant, error) {
	container, name, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !ok {
		return grant{}, errURL
	}
	for k, v := range q {
		if len(v) != 1 || !strings.Contains(" sp se ml rscd rsct sig ", " "+k+" ") {
			return grant{}, errURL
		}
	}
	if !hmac.Equal([]byte(u.signature(container, name, q)), []byte(q.Get(querySignature))) {
		return grant{}, errURL
	}
	expiry, err := strconv.ParseInt(q.Get(queryExpiry), 10, 64)
	if err != nil || time.Now().Unix() >= expiry {
		return grant{}, errURL
	}
	g := grant{container: container, name: name, permission: q.Get(queryPermission), download: q.Get(queryDownload), contentType: q.Get(queryType)}
	if g.permission == permitCreate {
		if g.limit, err = strconv.ParseInt(q.Get(queryLimit), 10, 64); err != nil {
			return grant{}, errURL
		}
	}
	return g, nil
}
