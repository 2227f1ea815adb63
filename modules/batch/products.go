package batch

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/intake/feed"
	"github.com/opal-photo/opal/modules/picture"
)

// The limits of a list of products.
const (
	maxProducts     = 100_000
	maxProductsFile = 64 << 20 // bytes
)

// ErrProducts says that a list of products can't be used.
var ErrProducts = fault.New(fault.Invalid, "products_invalid", "The list of products can't be used")

// productKey is the name by which a list of products knows a photo: of two photos of
// one name in two folders it knows both as one.
func productKey(file string) string {
	file = file[strings.LastIndexAny(file, `/\`)+1:]
	return norm.NFC.String(strings.ToLower(filepath.Base(file)))
}

// ReadProducts reads a CSV file with a column file and any of sku, gtin, asin, slot,
// title and set_id, in their usual spellings, with any usual delimiter and encoding. It returns the products by their photos' names. Errors: ErrProducts with the line.
func ReadProducts(name string) (map[string]picture.Product, error) {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return nil, ErrProducts.With("%s is not a file", name)
	}
	if info.Size() > maxProductsFile {
		return nil, ErrProducts.With("%s has %d MB; %d is the limit", name, info.Size()>>20, maxProductsFile>>20)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, ErrProducts.With("%s: %v", name, explain(err))
	}
	defer f.Close()
	out, err := parseProducts(f)
	if err != nil {
		return nil, ErrProducts.With("%s: %v", name, err)
	}
	return out, nil
}

// parseProducts reads a list of products.
func parseProducts(in io.Reader) (map[string]picture.Product, error) {
	t, err := feed.OpenTable(in)
	if errors.Is(err, feed.ErrEmpty) {
		return nil, errors.New("it is empty")
	}
	if err != nil {
		return nil, err
	}
	t.AllowBareQuotes()
	head := t.Heading
	file := slices.IndexFunc(head, func(h string) bool {
		return slices.Contains([]string{"file", "filename", "file name", "image", "photo", "source"}, strings.ToLower(strings.TrimSpace(h)))
	})
	fields := make([]string, len(head))
	known := 0
	for i, h := range head {
		if fields[i] = picture.ProductField(h); fields[i] != "" {
			known++
		}
	}
	if file < 0 || known == 0 {
		return nil, fmt.Errorf("line 1: it needs the column file and one of sku, gtin, asin, slot, title, set_id; there are %q", head[:min(len(head), maxShown)])
	}
	out := map[string]picture.Product{}
	for {
		row, line, err := t.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if file >= len(row) || strings.TrimSpace(row[file]) == "" {
			continue
		}
		var p picture.Product
		for i, v := range row {
			if i < len(fields) {
				p.Set(fields[i], v)
			}
		}
		err = p.Normalise()
		if err == nil {
			err = channel.CheckSlot(p.Slot)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if out[productKey(strings.TrimSpace(row[file]))] = p; len(out) > maxProducts {
			return nil, fmt.Errorf("line %d: it has more than %d photos", line, maxProducts)
		}
	}
}
