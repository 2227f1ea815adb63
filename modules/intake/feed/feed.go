// Package feed reads tables of products whose photos are to be worked on: CSV with any
// usual delimiter and encoding, JSON lines, and the product exports of Shopify,
// WooCommerce and Google Merchant, which it recognises by their headings.
//
// It is pure: bytes in, photos and the errors of rows out. A table is read as a stream;
// what is kept of it is one record, one product's images and a few bytes for each photo,
// by which photos that come twice are found.
package feed

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"strings"

	"golang.org/x/text/transform"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/picture"
)

// The limits of a table.
const (
	MaxRows      = 100_000 // data rows
	MaxPhotos    = 200_000
	MaxRowPhotos = 50      // of one row's list of images
	MaxRecord    = 8 << 20 // bytes of one record, in UTF-8

	maxCell    = 8 << 10   // bytes of a cell that is used
	maxList    = 128 << 10 // bytes of a cell that lists images
	maxProduct = 2500      // rows of one product of a Shopify export
)

// The formats of tables.
const (
	CSV         = "csv"
	JSONL       = "jsonl"
	Shopify     = "shopify"
	WooCommerce = "woocommerce"
	Merchant    = "merchant"
)

// Errors of a table as a whole.
var (
	ErrEmpty       = fault.New(fault.Invalid, "import_file_empty", "The file has no rows")
	ErrNotTable    = fault.New(fault.Invalid, "import_file_format", "The file is neither CSV nor JSON lines")
	ErrColumns     = fault.New(fault.Invalid, "import_columns_unknown", "No column says where the photos are: name one file or url")
	ErrRecord      = fault.New(fault.Invalid, "import_record_too_large", fmt.Sprintf("A record has more than %d MB; is a quote left open before it?", MaxRecord>>20))
	ErrTooManyRows = fault.New(fault.TooLarge, "import_too_many_rows", fmt.Sprintf("The file has more than %d rows or names more than %d photos; split it", MaxRows, MaxPhotos))
)

// Errors of rows.
var (
	ErrRow       = fault.New(fault.Invalid, "row_unreadable", "The row can't be read")
	ErrNoPhoto   = fault.New(fault.Invalid, "row_without_photo", "The row names neither a file nor a url")
	ErrDuplicate = fault.New(fault.Invalid, "row_duplicate", "The same photo of the same product comes before")
	ErrCell      = fault.New(fault.Invalid, "row_cell_too_long", "A cell is longer than is used")
	ErrMany      = fault.New(fault.Invalid, "row_too_many_photos", fmt.Sprintf("The row names more than %d photos", MaxRowPhotos))
	ErrFile      = fault.New(fault.Invalid, "row_file_invalid", "The file's name can't be used: 1 to 255 characters, without control characters")
)

// Entry is one photo of a table, or the error of a row.
type Entry struct {
	Row  int // counts the data rows from 1
	Line int // of the file, at which the row begins
	Photo
	Err *fault.Error // nil: the photo is to be worked on
}

// Photo is where a photo is, what it shows, and what is wished for it. Wishes that are
// empty are left to whoever sends the table.
type Photo struct {
	File    string          `json:"file,omitempty"` // as the table has it, with its folders
	URL     string          `json:"url,omitempty"`
	Product picture.Product `json:"product,omitzero"`
	Scenes  []string        `json:"scenes,omitempty"`
	Prompt  string          `json:"prompt,omitempty"`
	Brand   string          `json:"brand,omitempty"` // brand profile
	Presets []string        `json:"presets,omitempty"`
}

// Reader reads a table.
type Reader struct {
	Format string

	records records
	columns columns
	queue   []Entry
	group   product
	row     int
	photos  int
	seen    map[uint64]int32 // photos by their hash, with their row
	seed    maphash.Seed
	ended   error
}

// record is one row's cells, by column.
type record struct {
	line  int
	cells []string
	err   *fault.Error // it can't be read
}

// records yields the rows of a file.
type records interface {
	// next returns the next row. Its cells are valid until the next call. io.EOF ends
	// the file; any other error ends the table.
	next() (record, error)
}

// sniffed is how many bytes are looked at before the format is decided.
const sniffed = 64 << 10

// Open reads the beginning of a table. Errors: ErrEmpty, ErrNotTable, ErrColumns,
// ErrRecord, and those of the reader.
func Open(from io.Reader) (*Reader, error) {
	in := bufio.NewReaderSize(from, sniffed)
	if err := notText(in); err != nil {
		return nil, err
	}
	text := textOf(in)
	first, err := firstByte(text)
	if err != nil {
		return nil, err
	}
	r := &Reader{seen: map[uint64]int32{}, seed: maphash.MakeSeed()}
	switch first {
	case '{':
		r.Format = JSONL
		r.records, r.columns = newLines(text)
		return r, nil
	case '[':
		return nil, ErrNotTable.With("it is a JSON array; write one object a line, as jq -c '.[]' does")
	case '<':
		return nil, ErrNotTable.With("it is XML or a web page")
	}
	rows, heading, err := newTable(text)
	if err != nil {
		return nil, err
	}
	r.records = rows
	r.Format, r.columns = recognise(heading)
	if !r.columns.photos() {
		return nil, ErrColumns.With("the first line has %.200s", strings.Join(heading[:min(len(heading), 40)], ", "))
	}
	return r, nil
}

// notText names what people send in a table's place.
func notText(in *bufio.Reader) error {
	head, err := in.Peek(8)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	for _, f := range []struct{ magic, what string }{
		{"PK\x03\x04", "it is a ZIP or an Excel workbook; save the sheet as CSV"}, {"\x1f\x8b", "it is compressed; unpack it"}, {"%PDF", "it is a PDF"},
		{"\xd0\xcf\x11\xe0", "it is an Excel workbook; save the sheet as CSV"}, {"\x89PNG", "it is a picture"}, {"\xff\xd8\xff", "it is a picture"},
	} {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return ErrNotTable.With("%s", f.what)
		}
	}
	return nil
}

// textOf decodes a file's text, with line feeds alone at its lines' ends.
func textOf(in *bufio.Reader) *bufio.Reader {
	return bufio.NewReaderSize(transform.NewReader(decoded(in), lineEnds{}), sniffed)
}

// firstByte skips white space and returns the first byte after it, unread; ErrEmpty when
// there is none.
func firstByte(in *bufio.Reader) (byte, error) {
	for {
		b, err := in.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return 0, ErrEmpty
		case err != nil:
			return 0, err
		case b == ' ' || b == '\r' || b == '\n': // a tab may be an empty heading
			continue
		}
		return b, in.UnreadByte()
	}
}

// Rows returns the number of data rows that were read.
func (r *Reader) Rows() int { return r.row }

// Next returns the next photo, or the error of a row. io.EOF ends the table. Errors: those
// of Open, ErrTooManyRows.
func (r *Reader) Next() (Entry, error) {
	for len(r.queue) == 0 {
		if r.ended != nil {
			return Entry{}, r.ended
		}
		rec, err := r.records.next()
		if err != nil {
			if r.ended = err; errors.Is(err, io.EOF) {
				r.flush()
				if r.row == 0 {
					r.ended = ErrEmpty
				}
			}
			continue
		}
		if rec.err == nil && empty(rec.cells) {
			continue
		}
		if r.row++; r.row > MaxRows {
			r.ended = ErrTooManyRows
			continue
		}
		r.take(rec)
	}
	e := r.queue[0]
	r.queue = r.queue[1:]
	if e.Err != nil {
		return e, nil
	}
	if r.photos++; r.photos > MaxPhotos {
		r.queue, r.ended = nil, ErrTooManyRows
		return Entry{}, r.ended
	}
	h := e.hash(r.seed)
	if before, ok := r.seen[h]; ok {
		e.Err = ErrDuplicate.With("in row %d", before)
	} else {
		r.seen[h] = int32(e.Row)
	}
	return e, nil
}

// hash tells photos apart that would give different pictures.
func (e *Entry) hash(seed maphash.Seed) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	p := e.Product
	for _, s := range [][]string{{e.File, e.URL, p.SKU, p.GTIN, p.ASIN, p.Slot, p.SetID, e.Prompt, e.Brand}, e.Scenes, e.Presets} {
		for _, one := range s {
			_, _ = h.WriteString(one)
			_ = h.WriteByte(0)
		}
		_ = h.WriteByte(1)
	}
	return h.Sum64()
}

func empty(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}
