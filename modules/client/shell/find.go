package shell

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/opal-photo/opal/modules/client"
)

// photoTypes are the extensions of files that are taken in folders.
var photoTypes = []string{".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".avif", ".tif", ".tiff"}

// entry is one photo of an order: a file, or an address in its item.
type entry struct {
	File string         `json:"file,omitempty"`
	Item client.NewItem `json:"item"`
}

// find lists the photos of files, folders and CSV files, in order. Each gets the
// scenes and the prompt unless a CSV names its own.
func find(paths []string, scenes []string, prompt string) ([]entry, error) {
	var out []entry
	add := func(file string) {
		out = append(out, entry{file, client.NewItem{Filename: filepath.Base(file), SceneTypes: scenes, ScenePrompt: prompt}})
	}
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, errUsage.With("%s: %s", p, cause(err))
		}
		switch {
		case info.IsDir():
			err = filepath.WalkDir(p, func(file string, d fs.DirEntry, err error) error {
				switch {
				case err != nil:
					return err
				case strings.HasPrefix(d.Name(), ".") && file != p && d.IsDir():
					return filepath.SkipDir
				case !d.Type().IsRegular(), strings.HasPrefix(d.Name(), "."), !slices.Contains(photoTypes, strings.ToLower(filepath.Ext(file))):
					return nil
				}
				add(file)
				return nil
			})
			if err != nil {
				return nil, fmt.Errorf("look through %s: %w", p, err)
			}
		case strings.EqualFold(filepath.Ext(p), ".csv"):
			rows, err := readCSV(p, scenes, prompt)
			if err != nil {
				return nil, err
			}
			out = append(out, rows...)
		default:
			add(p)
		}
	}
	if len(out) == 0 {
		return nil, errUsage.With("there are no photos in %s; photos are %s", strings.Join(paths, ", "), strings.Join(photoTypes, " "))
	}
	return out, nil
}

// cause returns an error of a file without the file's name.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// readCSV reads a table of photos. Its first line names the columns: file or url, and
// sku, gtin, title, set_id, scene, prompt. Files are beside the table.
func readCSV(path string, scenes []string, prompt string) ([]entry, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	head, err := r.Read()
	if err != nil {
		return nil, errUsage.With("%s: it has no line that names its columns", path)
	}
	at := map[string]int{}
	for i, name := range head {
		at[strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))] = i
	}
	_, hasFile := at["file"]
	_, hasURL := at["url"]
	if !hasFile && !hasURL {
		return nil, errUsage.With("%s: no column is named file or url", path)
	}
	var out []entry
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, errUsage.With("%s: %s", path, err)
		}
		get := func(name string) string {
			if i, ok := at[name]; ok && i < len(row) {
				return strings.TrimSpace(row[i])
			}
			return ""
		}
		e := entry{Item: client.NewItem{SceneTypes: scenes, ScenePrompt: first(get("prompt"), prompt), SourceURL: get("url")}}
		e.Item.SKU, e.Item.GTIN, e.Item.Title, e.Item.SetID = get("sku"), get("gtin"), get("title"), get("set_id")
		if scene := get("scene"); scene != "" {
			e.Item.SceneTypes = []string{scene}
		}
		if file := get("file"); file != "" {
			if !filepath.IsAbs(file) {
				file = filepath.Join(filepath.Dir(path), file)
			}
			e.File, e.Item.Filename, e.Item.SourceURL = file, filepath.Base(file), ""
		}
		if e.File == "" && e.Item.SourceURL == "" {
			line, _ := r.FieldPos(0)
			return nil, errUsage.With("%s:%d: it names neither a file nor a url", path, line)
		}
		out = append(out, e)
	}
}
