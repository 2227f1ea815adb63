package feed

import (
	"bufio"
	"io"
)

// Table is a CSV file as it stands, for callers that know its columns themselves.
type Table struct {
	Heading []string
	rows    *table
}

// OpenTable reads the headings of a CSV with any usual delimiter and encoding. Errors:
// ErrEmpty, ErrNotTable, ErrRecord, and those of the reader.
func OpenTable(from io.Reader) (*Table, error) {
	in := bufio.NewReaderSize(from, sniffed)
	if err := notText(in); err != nil {
		return nil, err
	}
	text := textOf(in)
	if _, err := firstByte(text); err != nil {
		return nil, err
	}
	rows, heading, err := newTable(text)
	if err != nil {
		return nil, err
	}
	return &Table{heading, rows}, nil
}

// AllowBareQuotes takes the quote in 24" for what it is, in a cell without quotes around it.
func (t *Table) AllowBareQuotes() { t.rows.csv.LazyQuotes = true }

// Next returns the next row's cells, which are valid until the next call, and the line at
// which it begins. io.EOF ends the table. Errors: ErrRow for a row that can't be read,
// after which others may follow; ErrRecord.
func (t *Table) Next() (cells []string, line int, err error) {
	r, err := t.rows.next()
	if err == nil && r.err != nil {
		err = r.err
	}
	return r.cells, r.line, err
}
