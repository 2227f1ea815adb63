package batch

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/opal-photo/opal/modules/filename"
)

// The formats of a report.
const (
	formatTable = "table"
	formatJSON  = "json"
	formatSARIF = "sarif"
	formatJUnit = "junit"
	formatHTML  = "html"
)

// ReportFormats lists the formats in which Check reports, the default first.
func ReportFormats() []string {
	return []string{formatTable, formatJSON, formatSARIF, formatJUnit, formatHTML}
}

// reportFormats write a report.
var reportFormats = map[string]func(w io.Writer, r *CheckReport, o CheckOptions) error{
	formatTable: writeTable, formatJSON: writeJSON, formatSARIF: writeSARIF, formatJUnit: writeJUnit, formatHTML: writeHTML,
}

func writeJSON(w io.Writer, r *CheckReport, _ CheckOptions) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// write writes the report where it is wanted. A file appears when it is whole, and a
// summary goes to people then.
func (r *checking) write(format func(io.Writer, *CheckReport, CheckOptions) error) error {
	if r.Output == "" {
		b := bufio.NewWriter(r.Streams.Out)
		if err := format(b, r.report, r.CheckOptions); err != nil {
			return ErrNotWritten.With("%v", err)
		}
		if err := b.Flush(); err != nil {
			return ErrNotWritten.With("%v", err)
		}
	} else if err := r.save(format); err != nil {
		return err
	}
	if r.Quiet || r.Format == formatTable && r.Output == "" {
		return nil
	}
	for _, l := range r.report.sums() {
		fmt.Fprintln(r.Streams.Err, l)
	}
	if r.Output != "" {
		fmt.Fprintln(r.Streams.Err, "see "+filename.Show(r.Output))
	}
	return nil
}

// writable fails before anything is checked where the report's file can't be made.
func (r *checking) writable() error {
	if r.Output == "" {
		return nil
	}
	if info, err := os.Stat(r.Output); err == nil && info.IsDir() {
		return ErrNotWritten.With("%s is a folder; name a file in it", filename.Show(r.Output))
	}
	f, err := os.CreateTemp(filepath.Dir(r.Output), ".opal-*.part")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ErrNotWritten.With("there is no folder %s", filename.Show(filepath.Dir(r.Output)))
	case errors.Is(err, fs.ErrPermission):
		return ErrNotWritten.With("you may not write in %s", filename.Show(filepath.Dir(r.Output)))
	case err != nil:
		return ErrNotWritten.With("%v", err)
	}
	_ = f.Close()
	return os.Remove(f.Name())
}

func (r *checking) save(format func(io.Writer, *CheckReport, CheckOptions) error) error {
	f, err := os.CreateTemp(filepath.Dir(r.Output), ".opal-*.part")
	if err != nil {
		return ErrNotWritten.With("%v", err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // it has another name when all went well
	b := bufio.NewWriter(f)
	if err = format(b, r.report, r.CheckOptions); err == nil {
		err = b.Flush()
	}
	if err == nil {
		err = f.Chmod(0o644)
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.Name(), r.Output)
	}
	if err != nil {
		return ErrNotWritten.With("%v", err)
	}
	return nil
}
