// Package fileblob keeps blobs in a directory and serves signed URLs to them:
// the embedded store.
package fileblob

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/opal-photo/opal/modules/blob"
)

// Store is a directory of containers. A blob is a file whose name is the hex of
// the blob's last part, so that file systems that fold case or forbid letters
// keep every name apart; beside it lies its content type.
type Store struct {
	root *os.Root
	dir  string
	url  urls

	origins []string
}

// Options say where the blobs lie and how their URLs are signed.
type Options struct {
	Dir     string
	BaseURL string // absolute, where Handler is reached: http://127.0.0.1:8080/blobs
	Key     []byte // signs the URLs

	// Origins are those of pages elsewhere that may use signed URLs, such as
	// https://shop.example; "*": every page.
	Origins []string
}

const (
	partialPrefix = ".partial-" // files that are being written
	metaSuffix    = ".meta"
)

// Open opens the directory and makes it if need be.
func Open(o Options) (*Store, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the blob folder: %w", err)
	}
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("open the blob folder: %w", err)
	}
	if len(o.Key) == 0 || o.BaseURL == "" {
		return nil, errors.New("fileblob needs a base URL and a key")
	}
	s := &Store{root: root, dir: o.Dir, url: urls{base: strings.TrimRight(o.BaseURL, "/"), key: o.Key}, origins: o.Origins}
	if err := s.sweep(); err != nil {
		return nil, errors.Join(fmt.Errorf("sweep the blob folder: %w", err), root.Close())
	}
	return s, nil
}

// meta is the data kept beside a blob.
type meta struct {
	ContentType string `json:"content_type,omitempty"`
}

// file maps a blob to its file, below the root whatever the name.
func file(container, name string) (string, error) {
	if err := blob.CheckName(container); err != nil || strings.Contains(container, "/") {
		return "", blob.ErrName.With("container %q", container)
	}
	if err := blob.CheckName(name); err != nil {
		return "", err
	}
	parts := []string{encodePart(container)}
	for p := range strings.SplitSeq(name, "/") {
		parts = append(parts, encodePart(p))
	}
	return filepath.Join(parts...), nil
}

// encodePart keeps plain lower-case names readable and writes others in hex
// under a prefix of their own.
func encodePart(s string) string {
	plain := len(s) <= 100 && !strings.HasPrefix(s, "=") && !strings.HasPrefix(s, ".") && !strings.HasSuffix(s, metaSuffix)
	for i := range len(s) {
		c := s[i]
		plain = plain && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.')
	}
	if plain {
		return s
	}
	h := hex.EncodeToString([]byte(s))
	if len(h) <= 200 {
		return "=" + h
	}
	return "=" + filepath.Join(h[:200], "="+h[200:])
}

// decodePath is the inverse of encodePart over a whole path.
func decodePath(p string) (string, bool) {
	var out []string
	var long string
	for _, part := range strings.Split(filepath.ToSlash(p), "/") {
		h, isHex := strings.CutPrefix(part, "=")
		if !isHex {
			out = append(out, part)
			continue
		}
		if len(h) == 200 && long == "" {
			long = h
			continue
		}
		b, err := hex.DecodeString(long + h)
		long = ""
		if err != nil {
			return "", false
		}
		out = append(out, string(b))
	}
	if long != "" {
		b, err := hex.DecodeString(long)
		if err != nil {
			return "", false
		}
		out = append(out, string(b))
	}
	return strings.Join(out, "/"), true
}

// translate wraps an operating system's error in the matching error of package
// blob.
func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EISDIR):
		return blob.ErrNotFound
	case errors.Is(err, fs.ErrExist):
		return blob.ErrExists
	case errors.Is(err, fs.ErrPermission):
		return blob.ErrForbidden.With("%s", err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return blob.ErrUnavailable.With("the disk is full")
	}
	return errors.Join(blob.ErrUnavailable, err)
}

// Put writes the blob whole or not at all.
func (s *Store) Put(ctx context.Context, container, name string, body []byte, o blob.PutOptions) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w, err := s.begin(container, name, o)
	if err != nil {
		return err
	}
	defer w.abort()
	if _, err := w.f.Write(body); err != nil {
		return translate(err)
	}
	return w.commit()
}

// Get reads a blob.
func (s *Store) Get(ctx context.Context, container, name string, limit int64) ([]byte, blob.Info, error) {
	r, info, err := s.Open(ctx, container, name, 0, 0)
	if err != nil {
		return nil, blob.Info{}, err
	}
	defer r.Close()
	return blob.ReadWhole(r, info, limit, translate)
}

// Open reads a blob from offset on.
func (s *Store) Open(ctx context.Context, container, name string, offset, length int64) (io.ReadCloser, blob.Info, error) {
	if err := ctx.Err(); err != nil {
		return nil, blob.Info{}, err
	}
	f, info, err := s.open(container, name)
	if err != nil {
		return nil, blob.Info{}, err
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return nil, blob.Info{}, errors.Join(translate(err), f.Close())
	}
	if length > 0 {
		return section{io.LimitReader(f, length), f}, info, nil
	}
	return f, info, nil
}

// section is a part of a file.
type section struct {
	io.Reader
	io.Closer
}

func (s *Store) open(container, name string) (*os.File, blob.Info, error) {
	p, err := file(container, name)
	if err != nil {
		return nil, blob.Info{}, err
	}
	f, err := s.root.Open(p)
	if err != nil {
		return nil, blob.Info{}, translate(err)
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, blob.Info{}, errors.Join(translate(err), f.Close())
	}
	return f, s.info(p, name, st), nil
}

func (s *Store) info(path, name string, st fs.FileInfo) blob.Info {
	i := blob.Info{Name: name, Size: st.Size(), ModifiedAt: st.ModTime().UTC(), ContentType: "application/octet-stream"}
	if b, err := s.root.ReadFile(path + metaSuffix); err == nil {
		var m meta
		if json.Unmarshal(b, &m) == nil && m.ContentType != "" {
			i.ContentType = m.ContentType
		}
	}
	return i
}

// Head describes a blob.
func (s *Store) Head(_ context.Context, container, name string) (blob.Info, error) {
	f, info, err := s.open(container, name)
	if err != nil {
		return blob.Info{}, err
	}
	return info, f.Close()
}

// Delete removes a blob, and the folders that it leaves empty.
func (s *Store) Delete(_ context.Context, container, name string) error {
	p, err := file(container, name)
	if err != nil {
		return err
	}
	for _, f := range []string{p, p + metaSuffix} {
		if err := translate(s.root.Remove(f)); err != nil && !errors.Is(err, blob.ErrNotFound) {
			return err
		}
	}
	s.prune(filepath.Dir(p))
	return nil
}

// prune removes a folder and those above it while they are empty, but for the
// container's own.
func (s *Store) prune(dir string) {
	for ; strings.ContainsRune(dir, filepath.Separator); dir = filepath.Dir(dir) {
		if s.root.Remove(dir) != nil { // it is not empty, or was removed before
			return
		}
	}
}

// Copy copies a blob within its container.
func (s *Store) Copy(ctx context.Context, container, from, to string) error {
	r, info, err := s.Open(ctx, container, from, 0, 0)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := s.begin(container, to, blob.PutOptions{ContentType: info.ContentType})
	if err != nil {
		return err
	}
	defer w.abort()
	if _, err := io.Copy(w.f, r); err != nil {
		return translate(err)
	}
	return w.commit()
}

// List yields blobs in order of name.
func (s *Store) List(ctx context.Context, container, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		base, err := file(container, "x")
		if err != nil {
			yield(blob.Info{}, err)
			return
		}
		base = filepath.Dir(base)
		top := base // the folder of all names that begin with the prefix
		if folder := strings.LastIndexByte(prefix, '/'); folder > 0 {
			if p, err := file(container, prefix[:folder]); err == nil {
				top = p
			}
		}
		err = fs.WalkDir(s.root.FS(), filepath.ToSlash(top), func(p string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if d.IsDir() || strings.HasPrefix(d.Name(), partialPrefix) || strings.HasSuffix(d.Name(), metaSuffix) {
				return nil
			}
			name, ok := decodePath(strings.TrimPrefix(p, filepath.ToSlash(base)+"/"))
			if !ok || !strings.HasPrefix(name, prefix) {
				return nil
			}
			st, err := d.Info()
			if err != nil {
				return nil // deleted meanwhile
			}
			if !yield(s.info(filepath.FromSlash(p), name, st), nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(blob.Info{}, translate(err))
		}
	}
}

// EnsureContainers makes the containers' folders.
func (s *Store) EnsureContainers(_ context.Context, names ...string) error {
	for _, n := range names {
		p, err := file(n, "x")
		if err != nil {
			return err
		}
		if err := s.root.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			return translate(err)
		}
	}
	return nil
}

// Ping checks that the folder is there and can be written to.
func (s *Store) Ping(context.Context) error {
	f, err := os.CreateTemp(s.dir, partialPrefix+"*")
	if err != nil {
		return translate(err)
	}
	return errors.Join(translate(f.Close()), translate(os.Remove(f.Name())))
}

// Close closes the folder.
func (s *Store) Close() error { return s.root.Close() }
