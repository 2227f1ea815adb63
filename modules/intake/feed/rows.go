package feed

import (
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/picture"
)

// take turns a row into entries.
func (r *Reader) take(rec record) {
	e := Entry{Row: r.row, Line: rec.line, Err: rec.err}
	if e.Err != nil {
		r.queue = append(r.queue, e)
		return
	}
	if r.Format == Shopify {
		r.takeShopify(e, rec.cells)
		return
	}
	if err := r.describe(&e.Photo, rec.cells); err != nil {
		e.Err = err
		r.queue = append(r.queue, e)
		return
	}
	var places []string
	for _, m := range []string{colFile, colURL, colList} {
		for _, i := range r.columns[m] {
			if i >= len(rec.cells) {
				continue
			}
			found, err := placesIn(rec.cells[i], m)
			if err != nil {
				e.Err = err
				r.queue = append(r.queue, e)
				return
			}
			for _, one := range found {
				if !slices.Contains(places, one) {
					places = append(places, one)
				}
			}
		}
	}
	switch {
	case len(places) == 0 && r.Format == WooCommerce && isVariation(r.first(rec.cells, colType)):
		return // it shows its parent's images
	case len(places) == 0:
		e.Err = ErrNoPhoto
	case len(places) > MaxRowPhotos:
		e.Err = ErrMany.With("%d", len(places))
	}
	if e.Err != nil {
		r.queue = append(r.queue, e)
		return
	}
	for _, one := range places {
		r.queue = append(r.queue, e.at(one))
	}
}

func isVariation(kind string) bool {
	return strings.HasPrefix(strings.ToLower(kind), "varia") && !strings.HasPrefix(strings.ToLower(kind), "variab")
}

// at returns an entry for one of its row's photos.
func (e Entry) at(place string) Entry {
	if strings.Contains(place, "://") {
		e.URL = place
		return e
	}
	e.File = place
	name := path.Base(strings.ReplaceAll(place, `\`, "/"))
	if n := utf8.RuneCountInString(name); n > 255 || name == "." || name == ".." || name == "/" || strings.ContainsFunc(name, func(c rune) bool { return unicode.IsControl(c) || c == utf8.RuneError }) {
		e.Err = ErrFile.With("%.80q", place)
	}
	return e
}

// cell returns a cell without what spreadsheets put around it: spaces, the sign that
// keeps a text from being a formula, and the formula that keeps digits a text.
func cell(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 1 && s[0] == '\'' && strings.ContainsRune("=+-@", rune(s[1])) {
		s = s[1:]
	}
	if inner, ok := strings.CutPrefix(s, `="`); ok {
		if inner, ok = strings.CutSuffix(inner, `"`); ok && !strings.Contains(inner, `"`) {
			s = inner
		}
	}
	return strings.Clone(s) // a part of a record of megabytes otherwise
}

// first returns the first cell of a meaning that holds something.
func (r *Reader) first(cells []string, meaning string) string {
	for _, i := range r.columns[meaning] {
		if i < len(cells) && strings.TrimSpace(cells[i]) != "" {
			return cells[i]
		}
	}
	return ""
}

// describe reads what a row says beside its photos.
func (r *Reader) describe(p *Photo, cells []string) *fault.Error {
	get := func(meaning string) (string, *fault.Error) {
		s := r.first(cells, meaning)
		if len(s) > maxCell {
			return "", ErrCell.With("%s has %d bytes", meaning, len(s))
		}
		return cell(s), nil
	}
	for _, name := range []string{"sku", "gtin", "asin", "slot", "title", "set_id"} {
		v, err := get(name)
		if err != nil {
			return err
		}
		p.Product.Set(name, strings.Trim(v, listMark))
	}
	r.tame(&p.Product)
	for _, f := range []struct {
		meaning string
		list    *[]string
		text    *string
	}{{colScene, &p.Scenes, nil}, {colPresets, &p.Presets, nil}, {colPrompt, nil, &p.Prompt}, {colBrand, nil, &p.Brand}} {
		v, err := get(f.meaning)
		switch {
		case err != nil:
			return err
		case f.text != nil:
			*f.text = v
		default:
			*f.list = splitList(v)
		}
	}
	return nil
}

// tame makes of a product export's fields what items take: its titles may be longer, and
// its barcodes are often no barcodes. In OPAL's own tables both are errors.
func (r *Reader) tame(p *picture.Product) {
	if r.Format == CSV || r.Format == JSONL {
		return
	}
	if runes := []rune(p.Title); len(runes) > picture.MaxTitle {
		p.Title = string(runes[:picture.MaxTitle])
	}
	p.GTIN = strings.TrimPrefix(p.GTIN, "'")
	if p.GTIN != "" && !picture.ValidGTIN(p.GTIN) {
		p.GTIN = ""
	}
}

// splitList splits a cell that lists names.
func splitList(s string) (out []string) {
	for _, one := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' || r == '|' || r == '\n' || r == rune(listMark[0]) }) {
		if one = strings.TrimSpace(one); one != "" {
			out = append(out, one)
		}
	}
	return out
}

// placesIn returns the files or addresses in a cell.
func placesIn(s, meaning string) ([]string, *fault.Error) {
	limit := maxCell
	if meaning == colList || strings.Contains(s, listMark) {
		limit = maxList
	}
	if len(s) > limit {
		return nil, ErrCell.With("%s has %d bytes", meaning, len(s))
	}
	var parts []string
	switch {
	case strings.Contains(s, listMark):
		parts = strings.Split(s, listMark)
	case meaning == colList:
		parts = splitPlaces(s)
	default:
		parts = []string{s}
	}
	var out []string
	for _, one := range parts {
		if one = cell(one); one != "" {
			out = append(out, one)
		}
	}
	return out, nil
}

// splitPlaces splits a list of images: at line breaks, bars, and commas. A comma within an
// address is kept where no other address follows it.
func splitPlaces(s string) (out []string) {
	for _, line := range strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' || r == '|' }) {
		addresses := strings.Contains(line, "://")
		for _, one := range strings.Split(line, ",") {
			one = strings.TrimSpace(one)
			if addresses && len(out) > 0 && one != "" && !strings.Contains(one, "://") && strings.Contains(out[len(out)-1], "://") {
				out[len(out)-1] += "," + one
				continue
			}
			if one != "" {
				out = append(out, one)
			}
		}
	}
	return out
}

// product is the rows of one product of a Shopify export: its images stand beside its
// variants, and a variant names the image that shows it.
type product struct {
	handle  string
	rows    int
	first   Entry             // says what is true of the product as a whole
	images  []Entry           // in order
	variant map[string]string // the SKU that an image shows
	gtin    map[string]string
}

func (r *Reader) takeShopify(e Entry, cells []string) {
	handle := cell(r.first(cells, colHandle))
	if handle == "" || handle != r.group.handle || r.group.rows >= maxProduct {
		r.flush()
		r.group = product{handle: handle, first: e, variant: map[string]string{}, gtin: map[string]string{}}
		if err := r.describe(&r.group.first.Photo, cells); err != nil {
			r.group.first.Err = err
		}
	}
	g := &r.group
	g.rows++
	own := e
	if err := r.describe(&own.Photo, cells); err != nil {
		own.Err = err
		r.queue = append(r.queue, own)
		return
	}
	if own.Product.SKU != "" && g.first.Product.SKU == "" {
		g.first.Product.SKU, g.first.Product.GTIN = own.Product.SKU, own.Product.GTIN
	}
	for _, meaning := range []string{colURL, colVariant} {
		places, err := placesIn(r.first(cells, meaning), meaning)
		if err != nil {
			own.Err = err
			r.queue = append(r.queue, own)
			return
		}
		for _, place := range places {
			if meaning == colVariant && own.Product.SKU != "" && g.variant[place] == "" {
				g.variant[place], g.gtin[place] = own.Product.SKU, own.Product.GTIN
			}
			if !slices.ContainsFunc(g.images, func(o Entry) bool { return o.URL == place || o.File == place }) {
				g.images = append(g.images, e.at(place))
			}
		}
	}
}

// flush ends a product of a Shopify export.
func (r *Reader) flush() {
	g := r.group
	r.group = product{}
	switch {
	case g.rows == 0:
		return
	case g.first.Err != nil:
		return // the row itself has told
	case len(g.images) == 0:
		g.first.Err = ErrNoPhoto.With("product %.80q has no image", g.handle)
		r.queue = append(r.queue, g.first)
		return
	}
	for _, e := range g.images {
		place := e.URL + e.File
		e.Product, e.Scenes, e.Prompt, e.Presets = g.first.Product, g.first.Scenes, g.first.Prompt, g.first.Presets
		if sku := g.variant[place]; sku != "" {
			e.Product.SKU, e.Product.GTIN = sku, g.gtin[place]
		}
		r.queue = append(r.queue, e)
	}
}
