package job

import (
	"database/sql"
	"fmt"
	"maps"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/filename"
	"github.com/opal-photo/opal/modules/picture"
)

// productColumns are the columns of a product, in the order of productArgs and
// productDest.
const productColumns = `sku, gtin, asin, slot, title, set_id`

// productArgs returns a product as its columns take it.
func productArgs(p picture.Product) []any {
	var out []any
	for _, s := range []string{p.SKU, p.GTIN, p.ASIN, p.Slot, p.Title, p.SetID} {
		out = append(out, sql.NullString{String: s, Valid: s != ""})
	}
	return out
}

// text scans a column that may be NULL, which is "".
type text struct{ into *string }

// Scan implements sql.Scanner.
func (t text) Scan(v any) error {
	var s sql.NullString
	err := s.Scan(v)
	*t.into = s.String
	return err
}

// productDest returns where a product's columns are scanned to.
func productDest(p *picture.Product) []any {
	return []any{text{&p.SKU}, text{&p.GTIN}, text{&p.ASIN}, text{&p.Slot}, text{&p.Title}, text{&p.SetID}}
}

// identify checks what a request says of an entry's product, and adds what its file's
// name says.
func (s *Service) identify(n *NewItem, i int) error {
	if err := n.Product.Normalise(); err != nil {
		detail := err.Error()
		if f, ok := fault.As(err); ok {
			detail = f.Detail()
		}
		return picture.ErrProduct.With("items[%d]: %s", i, detail)
	}
	if err := s.Exporter.CheckSlot(n.Product.Slot); err != nil {
		return fmt.Errorf("items[%d]: %w", i, err)
	}
	n.Product = n.Product.Or(filename.Product(n.Filename))
	return nil
}

// told returns an event's data with what the item says of its product.
func (r row) told(data map[string]any) map[string]any {
	out := r.product.Data()
	maps.Copy(out, data)
	return out
}
