package batch

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
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

// productColumns are the columns of what is known of a photo's product, in one of their spellings.
var productColumns = []string{"sku", "gtin", "asin", "slot", "title", "set_id"}

// wishColumns are the columns of wishes for a photo's pictures: height_mm and the like, as
// the API's steering has them.
var wishColumns = []string{"height_mm", "frame_mm", "x", "y", "scale", "rotation", "flip", "translucent", "anchor", "light_angle", "reflection", "relight", "seed", "camera_pitch"}

// wishColumn returns the wish that a heading names, "" for others.
func wishColumn(heading string) string {
	h := strings.NewReplacer(" ", "_", "-", "_", "(", "", ")", "").Replace(strings.ToLower(strings.TrimSpace(heading)))
	if h == "rotate" { // as the flag is called
		h = "rotation"
	}
	if slices.Contains(wishColumns, h) {
		return h
	}
	return ""
}

// wish sets a wish from a cell. Numbers may have a decimal comma, as spreadsheets write it.
func wish(to map[string]any, column, cell string) error {
	cell = strings.TrimSpace(cell)
	if cell == "" {
		return nil
	}
	switch column {
	case "anchor":
		to[column] = strings.ToLower(cell)
	case "flip", "translucent":
		b, err := strconv.ParseBool(strings.NewReplacer("yes", "true", "no", "false").Replace(strings.ToLower(cell)))
		if err != nil {
			return fmt.Errorf("%s must be true or false: %.40q", column, cell)
		}
		to[column] = b
	case "seed":
		n, err := strconv.ParseUint(cell, 10, 64)
		if err != nil {
			return fmt.Errorf("%s must be a whole number: %.40q", column, cell)
		}
		to[column] = n
	default:
		v, err := strconv.ParseFloat(strings.Replace(cell, ",", ".", 1), 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%s must be a number: %.40q", column, cell)
		}
		if v == 0 && slices.Contains([]string{"height_mm", "frame_mm", "scale"}, column) {
			return fmt.Errorf("%s must be more than 0; leave the cell empty for the scene's own", column)
		}
		to[column] = v
	}
	return nil
}

// steeringOf returns the wishes of a row.
func steeringOf(cells map[string]any) (s picture.Steering, err error) {
	b, err := json.Marshal(cells)
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err == nil {
		err = s.CheckWishes()
	}
	return s, err
}

// ReadProducts reads a CSV file with a column file and any of sku, gtin, asin, slot,
// title and set_id, in their usual spellings, and of wishColumns, with any usual delimiter and
// encoding. It returns the products and the wishes by their photos' names, and the columns
// that aren't read, as notes for people. Errors: ErrProducts with the line.
func ReadProducts(name string) (products map[string]picture.Product, wishes map[string]picture.Steering, notes []string, err error) {
	f, _, err := openPlain(name, maxProductsFile)
	if err != nil {
		return nil, nil, nil, ErrProducts.With("%s: %v", name, err)
	}
	defer f.Close()
	products, wishes, notes, err = parseProducts(f)
	if err != nil {
		return nil, nil, nil, ErrProducts.With("%s: %v", name, err)
	}
	return products, wishes, notes, nil
}

// unread tells of a column that isn't read and is like one that is: a wrong spelling would
// lose it for a whole catalogue. Other columns are the shop's own.
func unread(heading string) []string {
	names := slices.Concat(productColumns, wishColumns)
	h := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(heading)), " ", "_")
	if near := fault.Nearest(h, names, len(h)/4); near != "" {
		return []string{fmt.Sprintf("the column %.40q isn't read; did you mean %s?", heading, near)}
	}
	if strings.HasPrefix(h, "shadow_") {
		return []string{fmt.Sprintf("the column %.40q isn't read: shadows are steered for all photos, by flags", heading)}
	}
	return nil
}

// parseProducts reads a list of products, as ReadProducts does.
func parseProducts(in io.Reader) (products map[string]picture.Product, wishes map[string]picture.Steering, notes []string, err error) {
	t, err := feed.OpenTable(in)
	if errors.Is(err, feed.ErrEmpty) {
		return nil, nil, nil, errors.New("it is empty")
	}
	if err != nil {
		return nil, nil, nil, err
	}
	t.AllowBareQuotes()
	head := t.Heading
	file := slices.IndexFunc(head, func(h string) bool {
		return slices.Contains([]string{"file", "filename", "file name", "image", "photo", "source"}, strings.ToLower(strings.TrimSpace(h)))
	})
	fields, wished := make([]string, len(head)), make([]string, len(head))
	known := 0
	for i, h := range head {
		fields[i], wished[i] = picture.ProductField(h), wishColumn(h)
		if fields[i] != "" || wished[i] != "" {
			known++
		} else if i != file {
			notes = append(notes, unread(h)...)
		}
	}
	if file < 0 || known == 0 {
		return nil, nil, nil, fmt.Errorf("line 1: it needs the column file and one of %s; there are %q", strings.Join(slices.Concat(productColumns, wishColumns), ", "), head[:min(len(head), maxShown)])
	}
	products, wishes = map[string]picture.Product{}, map[string]picture.Steering{}
	for {
		row, line, err := t.Next()
		if errors.Is(err, io.EOF) {
			return products, wishes, notes, nil
		}
		if err != nil {
			return nil, nil, nil, fmt.Errorf("line %d: %w", line, err)
		}
		if file >= len(row) || strings.TrimSpace(row[file]) == "" {
			continue
		}
		var p picture.Product
		cells := map[string]any{}
		for i, v := range row[:min(len(row), len(fields))] {
			p.Set(fields[i], v)
			if wished[i] != "" {
				err = errors.Join(err, wish(cells, wished[i], v))
			}
		}
		var s picture.Steering
		if err == nil {
			s, err = steeringOf(cells)
		}
		if err == nil {
			err = p.Normalise()
		}
		if err == nil {
			err = channel.CheckSlot(p.Slot)
		}
		if err != nil {
			return nil, nil, nil, fmt.Errorf("line %d: %w", line, err)
		}
		key := productKey(strings.TrimSpace(row[file]))
		if !s.Empty() {
			wishes[key] = s
		}
		if products[key] = p; len(products) > maxProducts {
			return nil, nil, nil, fmt.Errorf("line %d: it has more than %d photos", line, maxProducts)
		}
	}
}
