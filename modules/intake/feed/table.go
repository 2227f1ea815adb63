package feed

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// table yields the rows of a CSV file.
type table struct {
	csv   *csv.Reader
	meter *meter
	skip  int // lines before the csv's first
}

// meter fails when one record is larger than MaxRecord, so that a quote that is left open
// doesn't take the rest of the file into memory.
type meter struct {
	from io.Reader
	left int
}

// Read implements io.Reader.
func (m *meter) Read(p []byte) (int, error) {
	if m.left <= 0 {
		return 0, ErrRecord
	}
	n, err := m.from.Read(p)
	m.left -= n
	return n, err
}

// newTable reads the headings of a CSV file.
func newTable(in *bufio.Reader) (*table, []string, error) {
	t := &table{meter: &meter{from: in, left: MaxRecord}}
	var comma rune
	for comma == 0 {
		head, err := in.Peek(sniffed)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, nil, err
		}
		line, _, _ := strings.Cut(string(head), "\n")
		line = strings.TrimSuffix(line, "\r")
		if sep, ok := strings.CutPrefix(strings.ToLower(line), "sep="); ok && len(sep) == 1 { // as Excel writes it
			comma = rune(sep[0])
			_, _ = in.ReadString('\n')
			t.skip = 1
			break
		}
		comma = delimiter(string(head))
	}
	t.csv = csv.NewReader(t.meter)
	t.csv.FieldsPerRecord, t.csv.ReuseRecord = -1, true
	if slices.Contains(delimiters, comma) {
		t.csv.Comma = comma
	}
	rec, err := t.next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, nil, ErrEmpty
	case err != nil:
		return nil, nil, err
	case rec.err != nil:
		return nil, nil, ErrNotTable.With("the headings: %s", rec.err.Detail())
	}
	return t, slices.Clone(rec.cells), nil
}

var delimiters = []rune{',', ';', '\t', '|'}

// delimiter returns the one that the first record has most of, outside of quotes.
func delimiter(head string) rune {
	count := map[rune]int{}
	quoted := false
	for _, r := range head {
		if r == '"' {
			quoted = !quoted
		}
		if r == '\n' && !quoted {
			break
		}
		if !quoted {
			count[r]++
		}
	}
	best := delimiters[0]
	for _, d := range delimiters[1:] {
		if count[d] > count[best] {
			best = d
		}
	}
	return best
}

func (t *table) next() (record, error) {
	t.meter.left = MaxRecord
	cells, err := t.csv.Read()
	var parse *csv.ParseError
	switch {
	case errors.As(err, &parse) && !errors.Is(err, ErrRecord):
		what := "a quote is out of place: quotes within a cell are doubled, and the cell is quoted"
		if !errors.Is(err, csv.ErrQuote) && !errors.Is(err, csv.ErrBareQuote) {
			what = parse.Err.Error()
		}
		return record{line: parse.StartLine + t.skip, err: ErrRow.With("%s", what)}, nil
	case errors.Is(err, ErrRecord):
		return record{}, ErrRecord.With("after line %d", t.line())
	case err != nil:
		return record{}, err
	}
	return record{line: t.line(), cells: cells}, nil
}

// line returns the line of the record that was read last.
func (t *table) line() (line int) {
	defer func() {
		if recover() != nil { // before the first record there is no position
			line = 1
		}
	}()
	line, _ = t.csv.FieldPos(0)
	return line + t.skip
}

// lines yields the objects of a file of JSON lines.
type lines struct {
	in    *bufio.Reader
	line  int
	buf   []byte
	names []string // by column
	cells []string
}

// jsonNames are the fields that objects may have, in the order of their columns.
var jsonNames = []string{
	"file", "filename", "url", "urls", "source_url", "image", "images", "image_url", "image_urls", "image_link", "additional_image_link", "additional_image_links",
	"sku", "gtin", "asin", "slot", "title", "set_id", "name", "ean", "barcode", "scene", "scenes", "scene_type", "scene_types", "prompt", "scene_prompt", "brand", "brand_profile_id", "preset", "presets",
}

func newLines(in *bufio.Reader) (*lines, columns) {
	l := &lines{in: in, names: jsonNames, cells: make([]string, len(jsonNames))}
	return l, columnsOf(jsonNames, generic)
}

// listMark separates the values of a JSON array within a cell.
const listMark = "\x1f"

func (l *lines) next() (record, error) {
	for {
		l.line++
		text, err := l.read()
		if err != nil {
			return record{}, err
		}
		trimmed := strings.TrimSpace(string(text))
		if trimmed == "" {
			continue
		}
		rec := record{line: l.line, cells: l.cells}
		var object map[string]json.RawMessage
		if err := json.Unmarshal([]byte(trimmed), &object); err != nil || object == nil {
			rec.err = ErrRow.With("it is not a JSON object")
			return rec, nil
		}
		for i, name := range l.names {
			cell, err := cellOf(object[name])
			if err != nil {
				rec.err = ErrRow.With("field %s: %s", name, err)
				return rec, nil
			}
			l.cells[i] = cell
		}
		if empty(l.cells) {
			rec.err = ErrNoPhoto
		}
		return rec, nil
	}
}

// read returns the next line.
func (l *lines) read() ([]byte, error) {
	l.buf = l.buf[:0]
	for {
		part, err := l.in.ReadSlice('\n')
		l.buf = append(l.buf, part...)
		switch {
		case len(l.buf) > MaxRecord:
			return nil, ErrRecord.With("line %d", l.line)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(l.buf) > 0:
			return l.buf, nil
		case err != nil:
			return nil, err
		}
		return l.buf, nil
	}
}

// cellOf returns a field as a cell: a text, a number, or a list of such.
func cellOf(raw json.RawMessage) (string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return "", nil
	}
	switch raw[0] {
	case '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err
	case '[':
		var all []json.RawMessage
		if err := json.Unmarshal(raw, &all); err != nil {
			return "", err
		}
		var out []string
		for _, one := range all {
			if len(one) > 0 && one[0] == '[' {
				return "", errors.New("a list within a list")
			}
			s, err := cellOf(one)
			if err != nil {
				return "", err
			}
			out = append(out, s)
		}
		return strings.Join(out, listMark), nil
	case '{':
		return "", errors.New("an object is neither a text nor a list")
	}
	return fmt.Sprint(string(raw)), nil
}
