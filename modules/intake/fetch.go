// Package intake takes in what customers have elsewhere: the photos of items that have a
// source URL (fetch.go), and whole catalogues, as tables whose rows become jobs
// (import.go; feed reads them).
//
// An import is leased work (db/lease). Its worker reads the table from its beginning,
// makes the jobs of one window of rows after another, and records each window when its
// jobs are there. A job's id follows from the import and its first row, so a window that
// is done again after a crash finds the jobs that it made. The jobs are in a collection,
// with whose end the import ends.
package intake

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imagefile"
)

// Errors of photos that are fetched. The kinds Unavailable and RateLimited are tried again.
var (
	ErrAddress     = fault.New(fault.Invalid, "source_url_invalid", "The source_url can't be used")
	ErrProhibited  = fault.New(fault.Invalid, "source_url_prohibited", "The source_url leads to an address that is not public; put the photo where the internet can reach it, or upload it")
	ErrUnresolved  = fault.New(fault.Invalid, "source_url_unresolved", "The source_url's host does not exist; check its name")
	ErrCertificate = fault.New(fault.Invalid, "source_url_certificate", "The source_url's host has no valid certificate for its name")
	ErrUnreachable = fault.New(fault.Unavailable, "source_url_unreachable", "The source_url's host does not answer")
	ErrTimeout     = fault.New(fault.Unavailable, "source_url_timeout", "The photo at the source_url did not arrive in time")
	ErrBroken      = fault.New(fault.Unavailable, "source_url_broken", "The photo at the source_url broke off before its end")
	ErrBusy        = fault.New(fault.RateLimited, "source_url_busy", "The source_url's host asks for fewer calls")
	ErrServer      = fault.New(fault.Unavailable, "source_url_failing", "The source_url's host reports a failure of its own")
	ErrNotFound    = fault.New(fault.Invalid, "source_url_not_found", "There is nothing at the source_url")
	ErrForbidden   = fault.New(fault.Invalid, "source_url_forbidden", "The source_url needs a login; use a public or signed address")
	ErrRefused     = fault.New(fault.Invalid, "source_url_refused", "The source_url's host refuses the call")
	ErrRedirects   = fault.New(fault.Invalid, "source_url_redirects", "The source_url redirects more than three times, or from https to http; use the final address")
	ErrNotPicture  = fault.New(fault.Unsupported, "source_url_not_picture", "There is no picture at the source_url")
	ErrSourceLarge = fault.New(fault.TooLarge, "source_url_too_large", "The photo at the source_url is larger than 25 MB; make it smaller")
	ErrSourceEmpty = fault.New(fault.Invalid, "source_url_empty", "The file at the source_url is empty")
)

// FetchErrors are the errors with which a photo's fetching may end, for the
// documentation.
var FetchErrors = []*fault.Error{ErrAddress, ErrProhibited, ErrUnresolved, ErrCertificate, ErrUnreachable, ErrTimeout, ErrBroken, ErrBusy, ErrServer,
	ErrNotFound, ErrForbidden, ErrRefused, ErrRedirects, ErrNotPicture, ErrSourceLarge, ErrSourceEmpty}

// fetchTimeout bounds one photo's fetching, redirects and body included.
const fetchTimeout = time.Minute

// agent is how the fetcher names itself.
const agent = "OPAL (fetches the photos that its users name)"

// Fetcher fetches photos from addresses that customers name. It is safe for
// concurrent use.
type Fetcher struct {
	urls   *egress.URLs
	client *http.Client
}

// NewFetcher returns a fetcher.
func NewFetcher(urls *egress.URLs) *Fetcher {
	return &Fetcher{urls: urls, client: urls.Following(fetchTimeout)}
}

// Check refuses an address that is never fetched, with ErrAddress or ErrProhibited.
// It calls nobody.
func (f *Fetcher) Check(address string) error {
	_, err := f.allowed(address)
	return err
}

// allowed parses an address that may be fetched.
func (f *Fetcher) allowed(address string) (*url.URL, error) {
	to, err := f.urls.Check(address)
	switch {
	case errors.Is(err, egress.ErrProhibited):
		return nil, ErrProhibited
	case err != nil:
		return nil, ErrAddress.With("%s", err)
	}
	return to, nil
}

// Fetch returns the file at an address, of at most imagefile.MaxBytes. Whether it is
// a photo is for the caller to judge. Errors: FetchErrors, or the context's; none
// holds the address, whose query may be a secret.
func (f *Fetcher) Fetch(ctx context.Context, address string) ([]byte, error) {
	return f.fetch(ctx, address, "image/*", imagefile.MaxBytes, ErrSourceLarge, func(kind string) error {
		if kind = page(kind); kind != "" {
			return ErrNotPicture.With("the host answers %s", kind)
		}
		return nil
	})
}

// FetchTable returns the table at an address, of at most limit bytes. Errors: as Fetch,
// with ErrTableLarge.
func (f *Fetcher) FetchTable(ctx context.Context, address string, limit int64) ([]byte, error) {
	b, err := f.fetch(ctx, address, "text/csv, text/tab-separated-values, application/x-ndjson, */*;q=0.5", limit, ErrTableLarge, func(string) error { return nil })
	return b, ofTable(err)
}

// tableWords put what is said of a photo and its source_url into an import's words.
var tableWords = strings.NewReplacer("source_url", "url", "photo", "table", "picture", "table")

// ofTable returns an error of fetching in words of a table. Its code, and whether another
// try may help, stay.
func ofTable(err error) error {
	f, ok := fault.As(err)
	if !ok || !strings.HasPrefix(f.Code, "source_url_") {
		return err
	}
	told := f.With("%s", f.Detail())
	told.Text = tableWords.Replace(f.Text)
	switch after := fault.RetryAfter(err); {
	case fault.IsUncounted(err):
		return fault.Uncounted(told, after)
	case fault.IsTransient(err):
		return fault.Transient(told, after)
	}
	return told
}

// fetch returns the file at an address; judge refuses an answer by its content type.
func (f *Fetcher) fetch(ctx context.Context, address, accept string, limit int64, tooLarge error, judge func(contentType string) error) ([]byte, error) {
	to, err := f.allowed(address)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, to.String(), nil)
	if err != nil {
		return nil, ErrAddress
	}
	r.Header.Set("User-Agent", agent)
	r.Header.Set("Accept", accept)
	res, err := f.client.Do(r) //nolint:bodyclose // Discard closes it
	if err != nil {
		return nil, failure(ctx, err, ErrUnreachable)
	}
	defer egress.Discard(res)
	if err := status(res); err != nil {
		return nil, err
	}
	if err := judge(res.Header.Get("Content-Type")); err != nil {
		return nil, err
	}
	b, err := egress.ReadAll(res, limit, tooLarge)
	switch {
	case errors.Is(err, tooLarge):
		return nil, err
	case err != nil:
		return nil, failure(ctx, err, ErrBroken)
	case len(b) == 0:
		return nil, ErrSourceEmpty
	}
	return b, nil
}

// status returns the error of an answer that is not the file.
func status(res *http.Response) error {
	code := strconv.Itoa(res.StatusCode)
	after := egress.RetryAfter(res.Header)
	switch s := res.StatusCode; {
	case s == http.StatusOK:
		return nil
	case s >= 300 && s < 400:
		return ErrRedirects
	case s == http.StatusNotFound || s == http.StatusGone:
		return ErrNotFound.With("status %s", code)
	case s == http.StatusUnauthorized || s == http.StatusForbidden:
		return ErrForbidden.With("status %s", code)
	case s == http.StatusTooManyRequests:
		return fault.Transient(ErrBusy.With("status %s", code), after)
	case s == http.StatusRequestTimeout:
		return fault.Transient(ErrTimeout.With("status %s", code), after)
	case s >= 500:
		return fault.Transient(ErrServer.With("status %s", code), after)
	}
	return ErrRefused.With("status %s", code)
}

// page returns the type of an answer that says itself that it is not a picture; "" for
// all others, as the bytes decide.
func page(contentType string) string {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return ""
	}
	if strings.HasPrefix(kind, "text/") || strings.HasPrefix(kind, "video/") || strings.HasPrefix(kind, "audio/") ||
		kind == "application/json" || kind == "application/xhtml+xml" || kind == "application/xml" || kind == "application/pdf" {
		return kind
	}
	return ""
}

// failure returns the fault of a call that got no whole answer; otherwise is the one
// that fits when nothing more is known.
func failure(ctx context.Context, err error, otherwise *fault.Error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	err = egress.WithoutURL(err)
	var (
		dns       *net.DNSError
		timeout   net.Error
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
	)
	switch {
	case errors.Is(err, egress.ErrProhibited):
		return ErrProhibited
	case errors.As(err, &dns) && dns.IsNotFound && !dns.IsTemporary:
		return ErrUnresolved
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return ErrTimeout
	case errors.As(err, &authority), errors.As(err, &host), errors.As(err, &invalid), errors.As(err, &verify):
		return ErrCertificate
	case errors.Is(err, io.ErrUnexpectedEOF):
		return ErrBroken
	}
	return otherwise
}
