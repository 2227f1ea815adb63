// Package blobtest is the one suite that every blob store passes.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/blob"
)

// Harness is a fresh store with the containers "raw" and "outputs", and a client
// that reaches its signed URLs.
type Harness struct {
	Store  blob.Store
	Client *http.Client
}

// Run runs the suite.
func Run(t *testing.T, open func(t *testing.T) Harness) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, h Harness)
	}{
		{"PutGetHeadDelete", putGetHeadDelete},
		{"CreateOnly", createOnly},
		{"OneCreatorWins", oneCreatorWins},
		{"RangeAndLimit", rangeAndLimit},
		{"Large", large},
		{"List", list},
		{"Copy", copyBlob},
		{"Names", names},
		{"UploadURLCreatesOnce", uploadURLCreatesOnce},
		{"URLsAllowOneThing", urlsAllowOneThing},
		{"URLsNameDownloads", urlsNameDownloads},
		{"URLsSayWhatABlobIs", urlsSayWhatABlobIs},
		{"URLsExpire", urlsExpire},
		{"Cancelled", cancelled},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

const container = "raw"

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want %v", err, want)
	}
}

func get(t *testing.T, h Harness, name string) string {
	t.Helper()
	b, _, err := h.Store.Get(t.Context(), container, name, 1<<20)
	must(t, err)
	return string(b)
}

func putGetHeadDelete(t *testing.T, h Harness) {
	ctx := t.Context()
	_, err := h.Store.Head(ctx, container, "t/none.jpg")
	wantErr(t, err, blob.ErrNotFound)
	_, _, err = h.Store.Get(ctx, container, "t/none.jpg", 10)
	wantErr(t, err, blob.ErrNotFound)
	must(t, h.Store.Delete(ctx, container, "t/none.jpg"))

	before := time.Now().Add(-time.Minute)
	must(t, h.Store.Put(ctx, container, "t/a.jpg", []byte("one"), blob.PutOptions{ContentType: "image/jpeg"}))
	must(t, h.Store.Put(ctx, container, "t/a.jpg", []byte("three"), blob.PutOptions{ContentType: "image/jpeg"}))
	if got := get(t, h, "t/a.jpg"); got != "three" {
		t.Fatalf("got %q", got)
	}
	i, err := h.Store.Head(ctx, container, "t/a.jpg")
	must(t, err)
	if i.Size != 5 || i.ContentType != "image/jpeg" || i.ModifiedAt.Before(before) || i.Name != "t/a.jpg" {
		t.Fatalf("%+v", i)
	}
	must(t, h.Store.Put(ctx, container, "t/empty", nil, blob.PutOptions{}))
	if i, err = h.Store.Head(ctx, container, "t/empty"); err != nil || i.Size != 0 {
		t.Fatalf("%+v %v", i, err)
	}
	must(t, h.Store.Delete(ctx, container, "t/a.jpg"))
	_, err = h.Store.Head(ctx, container, "t/a.jpg")
	wantErr(t, err, blob.ErrNotFound)
	must(t, h.Store.Ping(ctx))
}

func createOnly(t *testing.T, h Harness) {
	o := blob.PutOptions{IfNoneMatch: true, ContentType: "text/plain"}
	must(t, h.Store.Put(t.Context(), container, "t/once", []byte("first"), o))
	wantErr(t, h.Store.Put(t.Context(), container, "t/once", []byte("second"), o), blob.ErrExists)
	if got := get(t, h, "t/once"); got != "first" {
		t.Fatalf("overwritten: %q", got)
	}
}

func oneCreatorWins(t *testing.T, h Harness) {
	var won atomic.Int32
	var winner atomic.Value
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			body := strings.Repeat(fmt.Sprint(i), 10_000)
			err := h.Store.Put(t.Context(), container, "t/race", []byte(body), blob.PutOptions{IfNoneMatch: true})
			if err == nil {
				won.Add(1)
				winner.Store(body)
			} else if !errors.Is(err, blob.ErrExists) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || get(t, h, "t/race") != winner.Load() {
		t.Fatalf("%d creators won", won.Load())
	}
}

func rangeAndLimit(t *testing.T, h Harness) {
	must(t, h.Store.Put(t.Context(), container, "t/r", []byte("0123456789"), blob.PutOptions{}))
	r, i, err := h.Store.Open(t.Context(), container, "t/r", 4, 0)
	must(t, err)
	b, err := io.ReadAll(r)
	must(t, err)
	must(t, r.Close())
	if string(b) != "456789" || i.Size != 10 {
		t.Fatalf("%q of %d", b, i.Size)
	}
	for _, c := range []struct {
		offset, length int64
		want           string
	}{{0, 3, "012"}, {4, 3, "456"}, {8, 5, "89"}, {0, 10, "0123456789"}, {0, 100, "0123456789"}} {
		r, i, err := h.Store.Open(t.Context(), container, "t/r", c.offset, c.length)
		must(t, err)
		b, err := io.ReadAll(r)
		must(t, err)
		must(t, r.Close())
		if string(b) != c.want || i.Size != 10 {
			t.Errorf("%d bytes from %d: %q of %d, want %q", c.length, c.offset, b, i.Size, c.want)
		}
	}
	_, _, err = h.Store.Get(t.Context(), container, "t/r", 9)
	wantErr(t, err, blob.ErrTooLarge)
}

// large is a blob of the size of the largest upload.
func large(t *testing.T, h Harness) {
	body := make([]byte, 25<<20)
	for i := range body {
		body[i] = byte(i ^ i>>11)
	}
	must(t, h.Store.Put(t.Context(), container, "t/large", body, blob.PutOptions{IfNoneMatch: true}))
	got, i, err := h.Store.Get(t.Context(), container, "t/large", int64(len(body)))
	must(t, err)
	if !bytes.Equal(got, body) || i.Size != int64(len(body)) {
		t.Fatalf("%d of %d bytes came back", len(got), len(body))
	}
	r, _, err := h.Store.Open(t.Context(), container, "t/large", int64(len(body)-3), 0)
	must(t, err)
	tail, err := io.ReadAll(r)
	must(t, err)
	must(t, r.Close())
	if !bytes.Equal(tail, body[len(body)-3:]) {
		t.Fatalf("the tail is %v", tail)
	}
}

func list(t *testing.T, h Harness) {
	want := []string{"t/j1/a", "t/j1/b/c.png", "t/j10/x"}
	for _, n := range append([]string{"u/j1/a"}, want...) {
		must(t, h.Store.Put(t.Context(), container, n, []byte("x"), blob.PutOptions{ContentType: "text/plain"}))
	}
	for prefix, n := range map[string]int{"t/": 3, "t/j1/": 2, "nobody/": 0} {
		var got []string
		for i, err := range h.Store.List(t.Context(), container, prefix) {
			must(t, err)
			got = append(got, i.Name)
		}
		if len(got) != n {
			t.Errorf("%s: %v", prefix, got)
		}
	}
	n := 0
	for _, err := range h.Store.List(t.Context(), container, "t/") {
		must(t, err)
		n++
		break
	}
	if n != 1 {
		t.Error("stopping early")
	}
}

func copyBlob(t *testing.T, h Harness) {
	must(t, h.Store.Put(t.Context(), container, "t/from", []byte("body"), blob.PutOptions{ContentType: "image/png"}))
	must(t, h.Store.Copy(t.Context(), container, "t/from", "t/to"))
	i, err := h.Store.Head(t.Context(), container, "t/to")
	must(t, err)
	if get(t, h, "t/to") != "body" || i.ContentType != "image/png" {
		t.Fatalf("%+v", i)
	}
	wantErr(t, h.Store.Copy(t.Context(), container, "t/none", "t/to2"), blob.ErrNotFound)
}

func names(t *testing.T, h Harness) {
	good := []string{"Tenant/Ünïcode 漢字.jpg", "t/a+b&c=d.png", "t/" + strings.Repeat("x", 190), "T/case", "t/case", "t/-dash", "t/.hidden", "t/=eq"}
	for i, n := range good {
		must(t, h.Store.Put(t.Context(), container, n, []byte(fmt.Sprint(i)), blob.PutOptions{}))
	}
	for i, n := range good {
		if got := get(t, h, n); got != fmt.Sprint(i) {
			t.Errorf("%q holds %q", n, got)
		}
		u, err := h.Store.ReadURL(t.Context(), container, n, time.Minute, blob.ReadURLOptions{})
		must(t, err)
		if code, body := do(t, h, http.MethodGet, u, nil, nil); code != http.StatusOK || body != fmt.Sprint(i) {
			t.Errorf("%q by URL: %d %q", n, code, body)
		}
	}
	for _, n := range []string{"", "/a", "a/", "a//b", "../a", "a/../b", "a/./b", `a\b`, "a\x00b", "a\nb", "a?b", "a#b", "a%2e%2e", strings.Repeat("x", 1100), "a/" + strings.Repeat("y", 250), "trailing./b"} {
		wantErr(t, h.Store.Put(t.Context(), container, n, []byte("x"), blob.PutOptions{}), blob.ErrName)
	}
}

// do makes a request of a signed URL and returns status and body.
func do(t *testing.T, h Harness, method, url string, body []byte, header http.Header) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	must(t, err)
	for k, v := range header {
		req.Header[k] = v
	}
	res, err := h.Client.Do(req)
	must(t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	must(t, err)
	return res.StatusCode, string(b)
}

func block() http.Header {
	return http.Header{"X-Ms-Blob-Type": {"BlockBlob"}, "Content-Type": {"image/jpeg"}}
}

func uploadURLCreatesOnce(t *testing.T, h Harness) {
	u, err := h.Store.UploadURL(t.Context(), container, "t/up.jpg", time.Minute, 100)
	must(t, err)
	if code, _ := do(t, h, http.MethodPut, u, []byte("photo"), http.Header{}); code != http.StatusBadRequest {
		t.Fatalf("without x-ms-blob-type: %d", code)
	}
	if code, body := do(t, h, http.MethodPut, u, []byte("photo"), block()); code != http.StatusCreated {
		t.Fatalf("create: %d %s", code, body)
	}
	if code, _ := do(t, h, http.MethodPut, u, []byte("other"), block()); code != http.StatusConflict && code != http.StatusForbidden {
		t.Fatalf("overwrite: %d", code)
	}
	if got := get(t, h, "t/up.jpg"); got != "photo" {
		t.Fatalf("holds %q", got)
	}
	for _, ttl := range []time.Duration{0, -time.Second, 16 * time.Minute} {
		if _, err := h.Store.UploadURL(t.Context(), container, "t/x", ttl, 100); err == nil {
			t.Errorf("a URL for %s was given", ttl)
		}
	}
}

func urlsAllowOneThing(t *testing.T, h Harness) {
	must(t, h.Store.Put(t.Context(), container, "t/secret.jpg", []byte("secret"), blob.PutOptions{ContentType: "image/jpeg"}))
	up, err := h.Store.UploadURL(t.Context(), container, "t/mine.jpg", time.Minute, 100)
	must(t, err)
	read, err := h.Store.ReadURL(t.Context(), container, "t/secret.jpg", time.Minute, blob.ReadURLOptions{DownloadName: `ha"ha` + "\r\nX: y.jpg"})
	must(t, err)
	edit := func(u, old, new string) string {
		if !strings.Contains(u, old) {
			t.Fatalf("%s has no %s", u, old)
		}
		return strings.Replace(u, old, new, 1)
	}
	for name, c := range map[string]struct{ method, url string }{
		"upload URL on another blob": {http.MethodPut, edit(up, "mine.jpg", "yours.jpg")},
		"upload URL to read":         {http.MethodGet, edit(up, "mine.jpg", "secret.jpg")},
		"read URL to write":          {http.MethodPut, read},
		"read URL to delete":         {http.MethodDelete, read},
		"read URL on another blob":   {http.MethodGet, edit(read, "secret.jpg", "mine.jpg")},
		"edited signature":           {http.MethodPut, edit(up, "sig=", "sig=A")},
		"no signature":               {http.MethodPut, up[:strings.Index(up, "?")]},
	} {
		if code, _ := do(t, h, c.method, c.url, []byte("x"), block()); code != http.StatusForbidden && code != http.StatusMethodNotAllowed && code != http.StatusNotFound && code != http.StatusBadRequest && code != http.StatusConflict {
			t.Errorf("%s: %d", name, code)
		}
	}
	if got := get(t, h, "t/secret.jpg"); got != "secret" {
		t.Fatalf("changed: %q", got)
	}
	if _, err := h.Store.Head(t.Context(), container, "t/yours.jpg"); !errors.Is(err, blob.ErrNotFound) {
		t.Fatalf("another blob was written: %v", err)
	}
	code, body := do(t, h, http.MethodGet, read, nil, http.Header{"Range": {"bytes=1-3"}})
	if code != http.StatusPartialContent || body != "ecr" {
		t.Fatalf("range: %d %q", code, body)
	}
}

func urlsNameDownloads(t *testing.T, h Harness) {
	must(t, h.Store.Put(t.Context(), container, "t/cup.webp", []byte("x"), blob.PutOptions{ContentType: "image/webp"}))
	for name, c := range map[string]struct{ in, want string }{
		"plain":                {"vase-studio.webp", "vase-studio.webp"},
		"Cyrillic":             {"кружка-studio.webp", "кружка-studio.webp"},
		"a header in the name": {`ha"ha` + "\r\nX: y.jpg", "ha_ha_X_ y.jpg"},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := h.Store.ReadURL(t.Context(), container, "t/cup.webp", time.Minute, blob.ReadURLOptions{DownloadName: c.in})
			must(t, err)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u, nil)
			must(t, err)
			res, err := h.Client.Do(req)
			must(t, err)
			defer res.Body.Close()
			kind, params, err := mime.ParseMediaType(res.Header.Get("Content-Disposition"))
			if err != nil || kind != "attachment" || params["filename"] != c.want {
				t.Errorf("%d %q: %v", res.StatusCode, res.Header.Get("Content-Disposition"), err)
			}
		})
	}
}

// urlsSayWhatABlobIs has a URL's maker say it, not whoever put the blob.
func urlsSayWhatABlobIs(t *testing.T, h Harness) {
	must(t, h.Store.Put(t.Context(), container, "t/page.jpg", []byte("<script>"), blob.PutOptions{ContentType: "text/html"}))
	for want, o := range map[string]blob.ReadURLOptions{"text/html": {}, "image/jpeg": {ContentType: "image/jpeg"}} {
		t.Run(want, func(t *testing.T) {
			u, err := h.Store.ReadURL(t.Context(), container, "t/page.jpg", time.Minute, o)
			must(t, err)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u, nil)
			must(t, err)
			res, err := h.Client.Do(req)
			must(t, err)
			defer res.Body.Close()
			if got := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || got != want {
				t.Errorf("%d %q", res.StatusCode, got)
			}
		})
	}
}

func urlsExpire(t *testing.T, h Harness) {
	must(t, h.Store.Put(t.Context(), container, "t/old", []byte("x"), blob.PutOptions{}))
	u, err := h.Store.ReadURL(t.Context(), container, "t/old", time.Second, blob.ReadURLOptions{})
	must(t, err)
	time.Sleep(2100 * time.Millisecond) // expiries have whole seconds
	if code, _ := do(t, h, http.MethodGet, u, nil, nil); code != http.StatusForbidden {
		t.Fatalf("expired: %d", code)
	}
}

func cancelled(t *testing.T, h Harness) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Store.Put(ctx, container, "t/late", []byte("x"), blob.PutOptions{}); err == nil {
		t.Fatal("a cancelled write succeeded")
	}
	if _, err := h.Store.Head(t.Context(), container, "t/late"); !errors.Is(err, blob.ErrNotFound) {
		t.Fatal(err)
	}
}
