package onnx

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Store is a folder of models: a folder each, with the file and its manifest. It
// may be a read-only mount. The zero Store is empty.
type Store struct{ Dir string }

// Model is a model in a store.
type Model struct {
	Manifest
	File string // path
}

const (
	modelFile    = "model.onnx"
	manifestFile = "manifest.json"
)

// maxModel bounds a model's file, in bytes.
const maxModel = 4 << 30

// List returns the models, by name. An unreadable folder is an error, returned beside
// the models of the others.
func (s Store) List() (models []Model, err error) {
	if s.Dir == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(s.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the models: %w", err)
	}
	var bad []error
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue // being added
		}
		if info, err := os.Stat(filepath.Join(s.Dir, e.Name())); err != nil || !info.IsDir() {
			continue
		}
		m, err := s.Get(e.Name())
		if err != nil {
			bad = append(bad, err)
			continue
		}
		models = append(models, m)
	}
	return models, errors.Join(bad...)
}

// Get returns a model by its name.
func (s Store) Get(name string) (Model, error) {
	if s.Dir == "" || !goodName.MatchString(name) {
		return Model{}, ErrNoModel.With("%q", name)
	}
	dir := filepath.Join(s.Dir, name)
	b, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Model{}, ErrNoModel.With("%q in %s; `opal models list` shows those that are there", name, s.Dir)
	}
	if err != nil {
		return Model{}, fmt.Errorf("read the manifest of %s: %w", name, err)
	}
	m, err := ParseManifest(b)
	if err != nil {
		return Model{}, fmt.Errorf("%s: %w", name, err)
	}
	if m.Name != name || m.SHA256 == "" {
		return Model{}, ErrBadModel.With("the manifest in %s names %q, or no sha256", dir, m.Name)
	}
	file := filepath.Join(dir, modelFile)
	if _, err := os.Stat(file); err != nil {
		return Model{}, ErrBadModel.With("%s: %s", name, err)
	}
	return Model{m, file}, nil
}

// Add copies a model's file into the store. Its hash is that of the manifest, when
// the manifest has one. A model of the same name is replaced when the copy is whole.
func (s Store) Add(file string, m Manifest) (Model, error) {
	if err := m.Check(); err != nil {
		return Model{}, err
	}
	if s.Dir == "" {
		return Model{}, ErrNoModel.With("there is no folder for models: set MODELS_DIR")
	}
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return Model{}, fmt.Errorf("make the folder of models: %w", err)
	}
	part, err := os.MkdirTemp(s.Dir, ".adding-")
	if err != nil {
		return Model{}, fmt.Errorf("make the model's folder: %w", err)
	}
	defer os.RemoveAll(part)
	sum, err := copyFile(file, filepath.Join(part, modelFile))
	if err != nil {
		return Model{}, err
	}
	if m.SHA256 != "" && m.SHA256 != sum {
		return Model{}, ErrChanged.With("%s has the SHA-256 %s, the manifest of %s says %s", file, sum, m.Name, m.SHA256)
	}
	m.SHA256 = sum
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return Model{}, err
	}
	if err := os.WriteFile(filepath.Join(part, manifestFile), append(b, '\n'), 0o644); err != nil {
		return Model{}, fmt.Errorf("write the manifest: %w", err)
	}
	if err := os.Chmod(part, 0o755); err != nil {
		return Model{}, err
	}
	dir := filepath.Join(s.Dir, m.Name)
	if err := os.RemoveAll(dir); err != nil {
		return Model{}, fmt.Errorf("replace %s: %w", m.Name, err)
	}
	if err := os.Rename(part, dir); err != nil {
		return Model{}, fmt.Errorf("put %s in its place: %w", m.Name, err)
	}
	return Model{m, filepath.Join(dir, modelFile)}, nil
}

// Remove takes a model out of the store.
func (s Store) Remove(name string) error {
	if s.Dir == "" || !goodName.MatchString(name) {
		return ErrNoModel.With("%q", name)
	}
	dir := filepath.Join(s.Dir, name)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return ErrNoModel.With("%q in %s", name, s.Dir)
	}
	return os.RemoveAll(dir)
}

// Choose returns the model that is used: the named one, or the only one there is,
// or the first of Known that is there. found is false when none is there.
func (s Store) Choose(name string) (m Model, found bool, err error) {
	if name != "" {
		m, err = s.Get(name)
		return m, err == nil, err
	}
	models, err := s.List()
	if len(models) == 0 {
		return Model{}, false, err
	}
	for _, k := range known {
		if i := slices.IndexFunc(models, func(m Model) bool { return m.Name == k.Name }); i >= 0 {
			return models[i], true, nil
		}
	}
	return models[0], true, nil
}

// Verify checks the model's file against its hash.
func (m Model) Verify() error {
	f, err := os.Open(m.File)
	if err != nil {
		return ErrBadModel.With("%s", err)
	}
	defer f.Close()
	sum, err := hashOf(f)
	if err != nil {
		return fmt.Errorf("read %s: %w", m.File, err)
	}
	if sum != m.SHA256 {
		return ErrChanged.With("%s has the SHA-256 %s, its manifest says %s", m.File, sum, m.SHA256)
	}
	return nil
}

func hashOf(r io.Reader) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// HashFile returns the SHA-256 of a file, hexadecimal.
func HashFile(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return hashOf(f)
}

func copyFile(from, to string) (sum string, err error) {
	in, err := os.Open(from)
	if err != nil {
		return "", fmt.Errorf("open the model: %w", err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() == 0 || info.Size() > maxModel {
		return "", ErrBadModel.With("%s is not a file of 1 byte to 4 GB", from)
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return "", fmt.Errorf("copy the model: %w", err)
	}
	if sum, err = hashOf(io.TeeReader(in, out)); err != nil {
		_ = out.Close()
		return "", fmt.Errorf("copy the model: %w", err)
	}
	if err := out.Close(); err != nil {
		return "", fmt.Errorf("copy the model: %w", err)
	}
	return sum, nil
}

// DefaultDir is where a person's models lie unless a setting says otherwise: below
// the folder that the system keeps for programs' data. "" where there is none.
func DefaultDir() string {
	if d := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(d) {
		return filepath.Join(d, "opal", "models")
	}
	home, err := os.UserHomeDir()
	if err != nil || !filepath.IsAbs(home) {
		return ""
	}
	return filepath.Join(home, ".local", "share", "opal", "models")
}
