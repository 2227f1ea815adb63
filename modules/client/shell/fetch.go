package shell

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/opal-photo/opal/modules/client"
)

// fetchJob writes the files of all parts of a job's ZIP into a folder and returns
// their number, and whether a newer ZIP is being made. Files of the same names are replaced, each as a whole.
func fetchJob(ctx context.Context, c *client.Client, jobID, dir string) (files int, outdated bool, err error) {
	u, err := c.ExportURL(ctx, jobID)
	if err != nil {
		return 0, false, err
	}
	files, err = fetchParts(ctx, c, u, dir)
	return files, u.Outdated, err
}

// fetchParts unpacks all parts of a ZIP.
func fetchParts(ctx context.Context, c *client.Client, u client.ExportDownload, dir string) (files int, err error) {
	urls := []string{u.DownloadURL}
	if len(u.Parts) > 0 {
		urls = nil
		for _, p := range u.Parts {
			urls = append(urls, p.URL)
		}
	}
	for _, one := range urls {
		n, err := fetchZIP(ctx, c, one, dir)
		files += n
		if err != nil {
			return files, err
		}
	}
	return files, nil
}

func fetchZIP(ctx context.Context, c *client.Client, url, dir string) (files int, err error) {
	f, err := os.CreateTemp("", "opal-*.zip")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	size, err := c.Fetch(ctx, url, f)
	if err != nil {
		return 0, err
	}
	z, err := zip.NewReader(f, size)
	if err != nil {
		return 0, fmt.Errorf("read the ZIP: %w", err)
	}
	for _, one := range z.File {
		if ctx.Err() != nil {
			return files, ctx.Err()
		}
		if one.FileInfo().IsDir() {
			continue
		}
		if !filepath.IsLocal(filepath.FromSlash(one.Name)) || !one.Mode().IsRegular() {
			return files, client.ErrAnswer.With("the ZIP has a file outside of it: %q", one.Name)
		}
		if err := unpack(one, filepath.Join(dir, filepath.FromSlash(one.Name))); err != nil {
			return files, fmt.Errorf("unpack %s: %w", one.Name, err)
		}
		files++
	}
	return files, nil
}

func unpack(one *zip.File, to string) (err error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	r, err := one.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	f, err := os.CreateTemp(filepath.Dir(to), ".opal-*")
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), to)
}
