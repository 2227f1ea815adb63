package batch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/intake/feed"
)

// The limits of a CSV.
const (
	maxCSV   = 64 << 20
	maxRows  = 100_000
	maxField = 4096 // bytes
	maxShown = 40   // columns that an error names
)

var (
	errCSV   = fault.New(fault.Invalid, "csv_invalid", "The CSV can't be used")
	errFetch = fault.New(fault.Unavailable, "url_unreachable", "The picture can't be fetched from its URL")
	// errURL says the same where another try would end alike.
	errURL = fault.New(fault.Invalid, "url_refused", "The picture can't be fetched from its URL")
)

// schemes are those of addresses that are never fetched.
var schemes = map[string]bool{"file": true, "ftp": true, "ftps": true, "sftp": true, "data": true, "s3": true, "gs": true, "blob": true, "javascript": true, "smb": true}

// columns are the names under which programs write what is read of a CSV.
var columns = map[string][]string{
	"file":     {"file", "path", "filename", "file name", "image", "photo", "url", "image url", "image link", "image src", "source url", "picture"},
	"sku":      {"sku", "id", "product id", "article", "variant sku", "item", "handle"},
	"slot":     {"slot", "image slot"},
	"category": {"category"},
	"mask":     {"mask"},
}

// fromCSV lists the pictures that a CSV names: files, from its own folder on, or URLs.
func (c *checking) fromCSV(p string) ([]subject, error) {
	f, _, err := openPlain(p, maxCSV)
	if err != nil {
		return nil, errCSV.With("%s: %v", p, err)
	}
	defer f.Close()
	rows, err := parseCSV(f)
	if err != nil {
		return nil, errCSV.With("%s: %v", p, err)
	}
	var all []subject
	for _, r := range rows {
		s := subject{sku: r["sku"], slot: strings.ToUpper(r["slot"]), category: strings.ToLower(r["category"]), label: r["file"]}
		s.err = channel.CheckSlot(s.slot)
		if r["mask"] != "" {
			s.mask = from(p, r["mask"])
		}
		if scheme, _, ok := strings.Cut(r["file"], ":"); ok && len(scheme) > 1 && schemes[strings.ToLower(scheme)] {
			s.label, s.err = r["file"], cmp.Or(s.err, error(errURL.With("%s: is not fetched; name a file, or a URL with https:// or http://", scheme)))
		} else if u, ok := webAddress(r["file"]); ok {
			s.label, s.name = shownURL(u), path.Base(u.Path)
			s.load = func(ctx context.Context) ([]byte, error) { return c.fetch(ctx, u) }
		} else {
			at := from(p, r["file"])
			s.label, s.name = at, filepath.Base(at)
			s.load = func(ctx context.Context) ([]byte, error) { return read(ctx, nil, at, imaging.MaxBytes) }
		}
		all = append(all, s)
	}
	return all, nil
}

// from is a path that a file names, from the file's folder on.
func from(file, p string) string {
	p = filepath.FromSlash(p)
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(filepath.Dir(file), p)
}

// parseCSV reads the rows that name a file, by the columns' names.
func parseCSV(in io.Reader) ([]map[string]string, error) {
	t, err := feed.OpenTable(in)
	if errors.Is(err, feed.ErrEmpty) {
		return nil, errors.New("it is empty")
	}
	if err != nil {
		return nil, fmt.Errorf("its first line, the columns' names, can't be read: %w", err)
	}
	index := map[string]int{}
	for field, names := range columns {
	search:
		for _, n := range names {
			for i, h := range t.Heading {
				if strings.NewReplacer("_", " ", "-", " ").Replace(strings.ToLower(strings.TrimSpace(h))) == n {
					index[field] = i
					break search
				}
			}
		}
	}
	if _, ok := index["file"]; !ok {
		return nil, fmt.Errorf("its first line must name the columns, and one of them file or url; it says: %s", shorten(strings.Join(t.Heading[:min(len(t.Heading), maxShown)], ", ")))
	}
	var out []map[string]string
	for {
		cells, line, err := t.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if len(out) == maxRows {
			return nil, fmt.Errorf("it has more than %d rows; split it", maxRows)
		}
		row := map[string]string{}
		for field, i := range index {
			if i < len(cells) {
				if len(cells[i]) > maxField {
					return nil, fmt.Errorf("line %d: the %s has more than %d characters", line, field, maxField)
				}
				row[field] = strings.TrimSpace(cells[i])
			}
		}
		if row["file"] != "" {
			out = append(out, row)
		}
	}
}

// shorten keeps an error to a line.
func shorten(s string) string {
	const most = 200
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + " ..."
	}
	return s
}

func webAddress(s string) (*url.URL, bool) {
	low := strings.ToLower(s)
	if !strings.HasPrefix(low, "https://") && !strings.HasPrefix(low, "http://") {
		return nil, false
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return nil, false
	}
	return u, true
}

// shownURL is a URL without its query and password, which may be secrets.
func shownURL(u *url.URL) string {
	v := *u
	v.User, v.RawQuery, v.Fragment = nil, "", ""
	return v.String()
}

// fetch gets a picture from a URL, through the guard.
func (c *checking) fetch(ctx context.Context, u *url.URL) ([]byte, error) {
	if c.Fetch == nil {
		return nil, errURL.With("URLs are not taken here")
	}
	var b []byte
	err := egress.Retry(ctx, egress.DefaultPolicy, func(int) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
		if err != nil {
			return errURL.With("it is malformed")
		}
		req.Header.Set("Accept", "image/*")
		res, err := c.Fetch.Do(req) //nolint:bodyclose // Discard closes it
		switch {
		case errors.Is(err, egress.ErrProhibited):
			return errURL.With("%v", egress.ErrProhibited)
		case err != nil:
			return errFetch.With("%v", egress.WithoutURL(err))
		}
		defer egress.Discard(res)
		switch {
		case res.StatusCode == http.StatusOK:
		case egress.WorthAnother(res.StatusCode):
			return errFetch.With("the server answered %s", res.Status)
		default:
			return errURL.With("the server answered %s", res.Status)
		}
		b, err = egress.ReadAll(res, imaging.MaxBytes, ErrTooLarge)
		return err
	})
	return b, err
}
