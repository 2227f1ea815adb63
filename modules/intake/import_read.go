package intake

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/opal-photo/opal/modules/db/paging"
	"github.com/opal-photo/opal/modules/filename"
	"github.com/opal-photo/opal/modules/intake/feed"
	"github.com/opal-photo/opal/modules/job"
)

// ImportFilter says which of a tenant's imports a list shows, and which page of it.
type ImportFilter struct {
	Status []string // any of them; empty: all
	Cursor string   // of the page before; "": the first page
	Limit  int      // 1 to 200; 0: 50
}

// cursorID matches the ids in cursors.
var cursorID = regexp.MustCompile(`^[0-9a-f-]{36}$`)

// List returns a tenant's imports, newest first, and the cursor of the next page ("" on
// the last). Their progress is not summed up. Errors: ErrCursor.
func (s *Imports) List(ctx context.Context, tenantID string, f ImportFilter) (page []Import, next string, err error) {
	limit := paging.Size(f.Limit)
	before, beforeID, ok := paging.After(f.Cursor, cursorID)
	if !ok {
		return nil, "", ErrCursor
	}
	args, where := []any{tenantID, before, beforeID, limit + 1}, ``
	if len(f.Status) > 0 {
		places := make([]string, len(f.Status))
		for i, one := range f.Status {
			args = append(args, one)
			places[i] = "$" + strconv.Itoa(len(args))
		}
		where = ` AND status IN (` + strings.Join(places, `, `) + `)`
	}
	rows, err := s.DB.QueryContext(ctx, `SELECT `+importColumns+` FROM imports WHERE tenant_id = $1 AND (created_at, import_id) < ($2, $3)`+where+` ORDER BY created_at DESC, import_id DESC LIMIT $4`, args...)
	if err != nil {
		return nil, "", fmt.Errorf("list imports: %w", err)
	}
	defer rows.Close()
	page = []Import{}
	for rows.Next() {
		i, err := scanImport(rows)
		if err != nil {
			return nil, "", fmt.Errorf("list imports: %w", err)
		}
		page = append(page, i)
	}
	if err := rows.Err(); err != nil {
		return nil, "", fmt.Errorf("list imports: %w", err)
	}
	if len(page) > limit {
		page = page[:limit]
		last := page[limit-1]
		next = paging.Cursor(last.CreatedAt, last.ImportID)
	}
	return page, next, nil
}

// Upload is a row whose photo is to be PUT to an address.
type Upload struct {
	Row    int
	File   string // as the table has it
	JobID  string
	ItemID string
	URL    string
}

// jobsAfter loads jobs of an import whose first entry comes after one.
func (s *Imports) jobsAfter(ctx context.Context, id string, after, limit int, where string) (out []made, err error) {
	rows, err := s.DB.QueryContext(ctx, `SELECT seq, job_id, files, entries FROM import_jobs WHERE import_id = $1 AND seq > $2`+where+` ORDER BY seq LIMIT $3`, id, after, limit)
	if err != nil {
		return nil, fmt.Errorf("load the jobs of import %s: %w", id, err)
	}
	defer rows.Close()
	for rows.Next() {
		var m made
		var text string
		if err := rows.Scan(&m.seq, &m.jobID, &m.files, &text); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(text), &m.entries); err != nil {
			return nil, fmt.Errorf("read the entries of job %s: %w", m.jobID, err)
		}
		out = append(out, m)
	}
	return out, rows.Err()
}

// place reads a cursor that is the number of an entry; -1 for none.
func place(cursor string) (int, error) {
	if cursor == "" {
		return -1, nil
	}
	n, err := strconv.Atoi(cursor)
	if err != nil || n < 0 || len(cursor) > 9 {
		return 0, ErrCursor
	}
	return n, nil
}

// Uploads returns rows whose photo has not arrived, with fresh addresses to PUT them to,
// and the cursor of the next page ("" on the last). A page has whole jobs: it may have up
// to job.MaxItems rows more than limit. While all is false rows are still becoming jobs,
// and more pages may come. Errors: ErrImportNotFound, ErrCursor, and those of
// job.UploadURL.
func (s *Imports) Uploads(ctx context.Context, tenantID, id, cursor string, limit int) (page []Upload, next string, all bool, err error) {
	after, err := place(cursor)
	if err != nil {
		return nil, "", false, err
	}
	i, err := s.Get(ctx, tenantID, id)
	if err != nil {
		return nil, "", false, err
	}
	all = i.Status == Working || i.Ended()
	page = []Upload{}
	for len(page) < paging.Size(limit) {
		jobs, err := s.jobsAfter(ctx, id, after, 1, ` AND files > 0`)
		if err != nil || len(jobs) == 0 {
			return page, "", all, err
		}
		m := jobs[0]
		after = m.seq
		waiting, err := s.Jobs.Unsent(ctx, tenantID, m.jobID)
		if errors.Is(err, job.ErrJobNotFound) {
			continue
		}
		if err != nil {
			return nil, "", false, err
		}
		open := map[string]bool{}
		for _, one := range waiting {
			open[one] = true
		}
		for _, e := range m.entries {
			if e.File == "" || !open[e.Item] {
				continue
			}
			url, _, err := s.Jobs.UploadURL(ctx, job.UploadRequest{TenantID: tenantID, JobID: m.jobID, ItemID: e.Item})
			if errors.Is(err, job.ErrUploadClosed) || errors.Is(err, job.ErrItemNotFound) { // it arrived meanwhile
				continue
			}
			if err != nil {
				return nil, "", false, err
			}
			page = append(page, Upload{Row: e.Row, File: e.File, JobID: m.jobID, ItemID: e.Item, URL: url})
		}
	}
	return page, strconv.Itoa(after), all, nil
}

// RowError is a row, or a photo of one, that has no picture.
type RowError struct {
	Row, Line     int
	JobID, ItemID string // "": it didn't become an item
	Code, Message string
	feed.Photo
}

// Errors returns what has no picture: first the rows that could not become items, then
// the items that failed, in the table's order; and the cursor of the next page ("" on the
// last). While the import is under way more may come. Errors: ErrImportNotFound,
// ErrCursor.
func (s *Imports) Errors(ctx context.Context, tenantID, id, cursor string, limit int) (page []RowError, next string, err error) {
	if _, err := s.Get(ctx, tenantID, id); err != nil {
		return nil, "", err
	}
	limit = paging.Size(limit)
	items := strings.HasPrefix(cursor, "j")
	after, err := place(strings.TrimPrefix(cursor, "j"))
	if err != nil || cursor == "j" {
		return nil, "", ErrCursor
	}
	page = []RowError{}
	if !items {
		var last int
		if page, last, err = s.badRows(ctx, id, after, limit); err != nil {
			return nil, "", err
		}
		if len(page) == limit {
			return page, strconv.Itoa(last), nil
		}
		after = -1
	}
	return s.badItems(ctx, tenantID, id, page, after, limit)
}

// badRows returns rows that could not become items, and the number of the last one.
func (s *Imports) badRows(ctx context.Context, id string, after, limit int) (page []RowError, last int, err error) {
	rows, err := s.DB.QueryContext(ctx, `SELECT entry, row_no, line, code, message, photo FROM import_errors WHERE import_id = $1 AND entry > $2 ORDER BY entry LIMIT $3`, id, after, limit)
	if err != nil {
		return nil, 0, fmt.Errorf("load the errors of import %s: %w", id, err)
	}
	defer rows.Close()
	page = []RowError{}
	for rows.Next() {
		var e RowError
		var photo string
		if err := rows.Scan(&last, &e.Row, &e.Line, &e.Code, &e.Message, &photo); err != nil {
			return nil, 0, err
		}
		if err := json.Unmarshal([]byte(photo), &e.Photo); err != nil {
			return nil, 0, fmt.Errorf("read row %d: %w", e.Row, err)
		}
		page = append(page, e)
	}
	return page, last, rows.Err()
}

// badItems adds the failed items of jobs until a page is full.
func (s *Imports) badItems(ctx context.Context, tenantID, id string, page []RowError, after, limit int) ([]RowError, string, error) {
	for len(page) < limit {
		jobs, err := s.jobsAfter(ctx, id, after, 1, ``)
		if err != nil || len(jobs) == 0 {
			return page, "", err
		}
		after = jobs[0].seq
		more, err := s.failedItems(ctx, tenantID, jobs[0])
		if err != nil {
			return nil, "", err
		}
		page = append(page, more...)
	}
	return page, "j" + strconv.Itoa(after), nil
}

// failedItems lists the items of a job that have no picture: failed ones that are not
// tried again, and those whose photo never came.
func (s *Imports) failedItems(ctx context.Context, tenantID string, m made) (out []RowError, err error) {
	j, err := s.Jobs.Get(ctx, tenantID, m.jobID)
	if errors.Is(err, job.ErrJobNotFound) {
		return nil, nil
	}
	if err != nil || j.Counts.Failed+j.Counts.Cancelled == 0 {
		return nil, err
	}
	at := -1
	rows := map[string]placed{} // by item
	for _, it := range j.Items {
		e, again := placed{}, false
		if it.RetryOf != nil {
			e, again = rows[*it.RetryOf], true
		} else if it.SceneIndex == 0 {
			at++
		}
		if !again && at >= 0 && at < len(m.entries) {
			e = m.entries[at]
		}
		rows[it.ItemID] = e
		if it.Status != job.ItemFailed && it.Status != job.ItemCancelled || it.RetriedBy != nil {
			continue
		}
		r := RowError{Row: e.Row, Line: e.Line, JobID: j.JobID, ItemID: it.ItemID, Photo: feed.Photo{
			File: e.File, Product: it.Product, Scenes: []string{it.SceneType}, Prompt: it.ScenePrompt, Brand: j.BrandProfileID, Presets: j.Presets}}
		if it.SourceURL != nil {
			r.URL = *it.SourceURL
		}
		if it.ErrorCode != nil {
			r.Code = *it.ErrorCode
		}
		if it.ErrorMessage != nil {
			r.Message = *it.ErrorMessage
		}
		out = append(out, r)
	}
	return out, nil
}

// errorColumns are the columns of the error file. It can be mended and sent again: what
// is not a wish is passed over.
var errorColumns = []struct {
	name string
	of   func(e *RowError) string
}{
	{"file", func(e *RowError) string { return e.File }},
	{"url", func(e *RowError) string { return e.URL }},
	{"sku", func(e *RowError) string { return e.Product.SKU }},
	{"gtin", func(e *RowError) string { return e.Product.GTIN }},
	{"asin", func(e *RowError) string { return e.Product.ASIN }},
	{"slot", func(e *RowError) string { return e.Product.Slot }},
	{"title", func(e *RowError) string { return e.Product.Title }},
	{"set_id", func(e *RowError) string { return e.Product.SetID }},
	{"scene", func(e *RowError) string { return strings.Join(e.Scenes, ",") }},
	{"prompt", func(e *RowError) string { return e.Prompt }},
	{"brand", func(e *RowError) string { return e.Brand }},
	{"presets", func(e *RowError) string { return strings.Join(e.Presets, ",") }},
	{"line", func(e *RowError) string { return strconv.Itoa(e.Line) }},
	{"error_code", func(e *RowError) string { return e.Code }},
	{"error", func(e *RowError) string { return e.Message }},
}

// WriteErrors writes all that Errors returns as a CSV table that can be mended and sent
// as another import. No cell is a formula to a spreadsheet.
func (s *Imports) WriteErrors(ctx context.Context, tenantID, id string, to io.Writer) error {
	out := csv.NewWriter(to)
	out.UseCRLF = true
	row := make([]string, len(errorColumns))
	for i, c := range errorColumns {
		row[i] = c.name
	}
	if err := out.Write(row); err != nil {
		return err
	}
	for cursor := ""; ; {
		page, next, err := s.Errors(ctx, tenantID, id, cursor, paging.Most)
		if err != nil {
			return err
		}
		for _, e := range page {
			for i, c := range errorColumns {
				row[i] = filename.Cell(c.of(&e))
			}
			if err := out.Write(row); err != nil {
				return err
			}
		}
		out.Flush()
		if err := out.Error(); err != nil {
			return err
		}
		if cursor = next; next == "" {
			return nil
		}
	}
}
