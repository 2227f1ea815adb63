package onnx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/opal-photo/opal/modules/fault"
)

// Store is a folder of models: a folder each, with the file and its manifest. It
// may be a read-only mount. The zero Store is empty.
type Store struct {
	Dir string

	// Setting names what an operator chose Dir by: it has to be there then. "" is a
	// folder that nobody asked for, which may be missing.
	Setting string
}

// Model is a model in a store.
type Model struct {
	Manifest
	File string // path
}

// Damaged is a folder of a store whose model can't be used.
type Damaged struct {
	Name string // of the folder
	Err  error  // why, and what to do
}

const (
	modelFile    = "model.onnx"
	manifestFile = "manifest.json"
)

// List returns the models, by name, and what lies among them and is none, or is damaged as far
// as can be seen without reading its file: see Model.Verify. An error is of the folder: it is
// not what the operator says, or can't be read.
func (s Store) List() (models []Model, damaged []Damaged, err error) {
	if s.Dir == "" {
		return nil, nil, nil
	}
	entries, err := os.ReadDir(s.Dir)
	if err != nil {
		return nil, nil, s.unreadable(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue // being added
		}
		dir := filepath.Join(s.Dir, e.Name())
		if info, err := os.Stat(dir); err != nil || !info.IsDir() || !holds(dir) {
			continue
		}
		if !goodName.MatchString(e.Name()) {
			damaged = append(damaged, Damaged{e.Name(), ErrBadModel.With("%s: a model's folder is named by lower-case letters, digits, \"-\", \".\" and \"_\"; rename it or take it away", dir)})
			continue
		}
		m, err := s.Get(e.Name())
		if err != nil {
			damaged = append(damaged, Damaged{e.Name(), err})
			continue
		}
		models = append(models, m)
	}
	return models, damaged, nil
}

// Loose returns the ONNX files that lie in the folder itself, where no model is looked for.
func (s Store) Loose() (files []string) {
	entries, _ := os.ReadDir(s.Dir) // List tells of a folder that can't be read
	for _, e := range entries {
		if !e.IsDir() && strings.EqualFold(filepath.Ext(e.Name()), filepath.Ext(modelFile)) {
			files = append(files, filepath.Join(s.Dir, e.Name()))
		}
	}
	return files
}

// holds tells whether a folder is meant to hold a model: others lie in a mounted disk's root.
func holds(dir string) bool {
	for _, name := range []string{manifestFile, modelFile} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}

// unreadable says what is wrong with the store's folder; nil where it may be missing.
func (s Store) unreadable(err error) error {
	named := s.Dir
	if s.Setting != "" {
		named = s.Setting + "=" + s.Dir
	}
	info, other := os.Stat(s.Dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) && s.Setting == "":
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return ErrFolder.With("%s doesn't exist; correct it, or have `opal models get isnet` make it", named)
	case other == nil && !info.IsDir():
		return ErrFolder.With("%s is %s, not a folder", named, kindName(info.Mode()))
	}
	return ErrFolder.With("%s can't be read: %s", named, cause(err))
}

// Get returns a model by its name. It doesn't read the model's file: see Model.Verify.
func (s Store) Get(name string) (Model, error) {
	if s.Dir == "" || !goodName.MatchString(name) {
		return Model{}, ErrNoModel.With("%q", name)
	}
	dir := filepath.Join(s.Dir, name)
	if !holds(dir) {
		return Model{}, ErrNoModel.With("%q in %s", name, s.Dir)
	}
	b, err := readPlain(filepath.Join(dir, manifestFile), maxManifest)
	if err != nil {
		return Model{}, unusable(name, err)
	}
	m, err := ParseManifest(b)
	switch {
	case err != nil:
		return Model{}, unusable(name, ErrBadModel.With("%s", strings.Replace(detailOf(err), "its manifest", filepath.Join(dir, manifestFile), 1)))
	case m.Name != name:
		return Model{}, unusable(name, ErrBadModel.With("%s is of %q, and lies in the folder of %q", filepath.Join(dir, manifestFile), m.Name, name))
	case m.SHA256 == "":
		return Model{}, unusable(name, ErrBadModel.With("%s has no sha256", filepath.Join(dir, manifestFile)))
	}
	file := filepath.Join(dir, modelFile)
	if err := checkPlain(file, maxModel); err != nil {
		return Model{}, unusable(name, err)
	}
	return Model{m, file}, nil
}

// unusable is the error of a model that is there and can't be used, with what to do.
func unusable(name string, err error) error {
	return ErrBadModel.With("%s: %s; %s", name, detailOf(err), mended(name))
}

// detailOf are the facts of an error of this package, without its sentinel's text.
func detailOf(err error) string {
	if f, ok := fault.As(err); ok && f.Detail() != "" {
		return f.Detail()
	}
	return err.Error()
}

// mended says how a damaged model is mended.
func mended(name string) string {
	if Fetchable(name) {
		return fmt.Sprintf("`opal models get %s` fetches it again, `opal models remove %s` does without it", name, name)
	}
	return fmt.Sprintf("`opal models add FILE` puts it there again, `opal models remove %s` does without it", name)
}

// Add copies a model's file into the store. Its hash is that of the manifest, when
// the manifest has one. try, if given, is asked whether the copy runs; its error leaves the
// store as it was. A model of the same name is replaced when the copy is whole.
func (s Store) Add(ctx context.Context, file string, m Manifest, try func(Model) error) (Model, error) {
	if err := m.Check(); err != nil {
		return Model{}, err
	}
	if s.Dir == "" {
		return Model{}, ErrFolder.With("there is none: set MODELS_DIR")
	}
	dir := filepath.Join(s.Dir, m.Name)
	switch others, err := foreign(dir); {
	case err != nil:
		return Model{}, ErrFolder.With("%s can't be read: %s", dir, cause(err))
	case len(others) > 0:
		return Model{}, ErrFolder.With("%s holds %s, which is no part of a model; take it away, or choose another MODELS_DIR", dir, others[0])
	}
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return Model{}, ErrFolder.With("%s can't be made: %s", s.Dir, cause(err))
	}
	part, err := os.MkdirTemp(s.Dir, ".adding-")
	if err != nil {
		return Model{}, ErrFolder.With("%s can't be written into: %s", s.Dir, cause(err))
	}
	defer os.RemoveAll(part)
	sum, err := copyFile(ctx, file, filepath.Join(part, modelFile))
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
	if try != nil {
		if err := try(Model{m, filepath.Join(part, modelFile)}); err != nil {
			return Model{}, err
		}
	}
	if err := os.Chmod(part, 0o755); err != nil {
		return Model{}, err
	}
	if err := os.RemoveAll(dir); err != nil { // it holds a model alone
		return Model{}, fmt.Errorf("replace %s: %w", m.Name, err)
	}
	if err := os.Rename(part, dir); err != nil {
		return Model{}, fmt.Errorf("put %s in its place: %w", m.Name, err)
	}
	return Model{m, filepath.Join(dir, modelFile)}, nil
}

// Remove takes a model out of the store. What else lies in its folder stays.
func (s Store) Remove(name string) error {
	if s.Dir == "" || !goodName.MatchString(name) {
		return ErrNoModel.With("%q", name)
	}
	dir := filepath.Join(s.Dir, name)
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return ErrNoModel.With("%q in %s", name, s.Dir)
	}
	if !holds(dir) {
		return ErrNoModel.With("%s holds neither %s nor %s; nothing is removed", dir, modelFile, manifestFile)
	}
	return removeModel(dir)
}

// removeModel removes a model's files, and their folder where it holds nothing else: MODELS_DIR
// may be mistyped, and be a folder of a person's own things.
func removeModel(dir string) error {
	for _, name := range []string{modelFile, manifestFile} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if others, err := foreign(dir); err != nil || len(others) > 0 {
		return err
	}
	return os.Remove(dir)
}

// foreign lists what lies in a model's folder beside its files; nothing where there is no folder.
func foreign(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if e.Name() != modelFile && e.Name() != manifestFile {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// Choose returns the model that is used: the named one; else the only one there is, or the
// first of Known that is there, or the first by name. found is false, without an error, when
// none is there and none is named. A damaged one among them is an error unless another is
// named: it might be the one that is meant.
func (s Store) Choose(name string) (m Model, found bool, err error) {
	models, damaged, err := s.List()
	if err != nil {
		return Model{}, false, err
	}
	if name != "" {
		if m, err = s.Get(name); errors.Is(err, ErrNoModel) {
			err = ErrNoModel.With("%q in %s; %s", name, s.Dir, those(models))
		}
		return m, err == nil, err
	}
	if len(damaged) > 0 {
		return Model{}, false, damaged[0].Err
	}
	if len(models) == 0 {
		return Model{}, false, nil
	}
	for _, k := range known {
		if i := slices.IndexFunc(models, func(m Model) bool { return m.Name == k.Name }); i >= 0 {
			return models[i], true, nil
		}
	}
	return models[0], true, nil
}

// those names the models that are there.
func those(models []Model) string {
	var names []string
	for _, m := range models {
		names = append(names, m.Name)
	}
	if len(names) == 0 {
		return "no model is there: `opal models get isnet` fetches one"
	}
	return "there is " + strings.Join(names, ", ")
}

// Verify checks the model's file against its hash. It ends with its context.
func (m Model) Verify(ctx context.Context) error {
	sum, err := hashFile(ctx, m.File)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return unusable(m.Name, err)
	}
	if sum != m.SHA256 {
		return ErrChanged.With("%s has the SHA-256 %s, its manifest says %s; %s", m.File, sum, m.SHA256, mended(m.Name))
	}
	return nil
}

func copyFile(ctx context.Context, from, to string) (sum string, err error) {
	in, err := openPlain(from, maxModel)
	if err != nil {
		return "", err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return "", fmt.Errorf("copy the model: %w", err)
	}
	if sum, err = hashOf(ctx, io.TeeReader(in, out)); err != nil {
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
