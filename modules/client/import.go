package client

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// NewImport asks for an import: a table whose rows become jobs.
type NewImport struct {
	TenantID       string      `json:"tenant_id,omitempty" nullable:"true" doc:"The tenant; may be left out where the credentials name one" example:"default"`
	Name           string      `json:"name,omitempty" nullable:"true" maxLength:"200" doc:"For people; left out: the file's name" example:"Spring 2027"`
	Filename       string      `json:"filename,omitempty" nullable:"true" maxLength:"255" doc:"The table's file name" example:"products.csv"`
	URL            string      `json:"url,omitempty" nullable:"true" maxLength:"2048" doc:"Where the table is, in place of an upload: an https address that the internet can reach; at most 64 MB" example:"https://shop.example/products.csv"`
	BrandProfileID string      `json:"brand_profile_id,omitempty" nullable:"true" maxLength:"63" doc:"For rows that name no brand; left out: default" example:"default"`
	SceneTypes     []string    `json:"scene_types,omitempty" nullable:"true" maxItems:"10" doc:"For rows that name no scene" example:"[\"studio\"]"`
	ScenePrompt    string      `json:"scene_prompt,omitempty" nullable:"true" maxLength:"2000" doc:"For rows that have no prompt" example:"on an oak table, morning light"`
	Presets        []string    `json:"presets,omitempty" nullable:"true" maxItems:"100" doc:"For rows that name no presets; left out: the brand's, else a default set" example:"[\"shopify\"]"`
	Options        *JobOptions `json:"processing_options,omitempty" doc:"Which steps run"`
	Review         string      `json:"review,omitempty" nullable:"true" enum:"on,off" doc:"off: no picture waits for a person; left out: the brand's choice" example:"on"`
	ReviewBelow    *float64    `json:"review_below,omitempty" nullable:"true" minimum:"0" maximum:"1" doc:"Cut-outs of a lower confidence wait for a person; left out: the brand's, else the operator's" example:"0.5"`
}

// Import is a table on its way to pictures.
type Import struct {
	ImportID      string     `json:"import_id" example:"0198f7a0-0000-7000-8000-00000000000e"`
	TenantID      string     `json:"tenant_id" example:"default"`
	CollectionID  string     `json:"collection_id" doc:"The collection of its jobs, which has their ZIP" example:"0198f7a0-0000-7000-8000-00000000000d"`
	CorrelationID string     `json:"correlation_id" example:"0198f7a0-0000-7000-8000-00000000000c"`
	Name          string     `json:"name" example:"Spring 2027"`
	Filename      string     `json:"filename" example:"products.csv"`
	URL           *string    `json:"url" doc:"Where the table is fetched; null: it is uploaded"`
	Status        string     `json:"status" enum:"created,queued,processing,working,paused,cancelling,completed,partial,failed,cancelled" doc:"created: waits for its table; queued, processing: rows are becoming jobs; working: all rows are jobs, which are worked on; paused: waits for you to resume it, because nobody could pay or something was away for too long, error_code says why; after 30 days it is cancelled; the last four are terminal" example:"processing"`
	Format        *string    `json:"format" enum:"csv,jsonl,shopify,woocommerce,merchant" doc:"What the table was recognised as; null until it is read" example:"shopify"`
	Rows          *int       `json:"rows" doc:"Of the table, without its headings; null until they are counted" example:"200"`
	RowsDone      int        `json:"rows_done" doc:"Rows that have become items, or errors" example:"150"`
	Photos        int        `json:"photos" doc:"That became items; a row may have several, and several rows one" example:"310"`
	Uploads       int        `json:"uploads" doc:"Photos among them that are files, to be PUT to the addresses of GET /v1/imports/{import_id}/uploads" example:"0"`
	Errors        int        `json:"errors" doc:"Rows and photos that could not become items; those of items that failed are in counts" example:"2"`
	Counts        Counts     `json:"counts" doc:"The sum over its jobs; zero in lists"`
	ErrorCode     *string    `json:"error_code" doc:"Why it is paused or failed" example:"insufficient_credits"`
	ErrorMessage  *string    `json:"error_message"`
	UploadURL     string     `json:"upload_url,omitempty" format:"uri" doc:"While it waits for its table: PUT it there within 15 minutes, with x-ms-blob-type: BlockBlob, and start the import" example:"https://store.example/raw/default/i/import/u/products.csv?sig=x"`
	CreatedAt     time.Time  `json:"created_at" example:"2026-11-27T09:30:00Z"`
	UpdatedAt     time.Time  `json:"updated_at" example:"2026-11-27T09:30:05Z"`
	FinishedAt    *time.Time `json:"finished_at" doc:"When it became terminal; null before"`
}

// The states of an import that a program acts on.
const (
	ImportCreated   = "created"
	ImportWorking   = "working"
	ImportPaused    = "paused"
	ImportCompleted = "completed"
)

// Ended reports whether the import is terminal.
func (i Import) Ended() bool {
	switch i.Status {
	case ImportCompleted, "partial", "failed", "cancelled":
		return true
	}
	return false
}

// ImportPage is a page of a tenant's imports, newest first.
type ImportPage struct {
	Imports    []Import `json:"imports" nullable:"false"`
	NextCursor *string  `json:"next_cursor" doc:"The cursor of the next page; null on the last"`
}

// ImportUpload is a photo that a row names by its file.
type ImportUpload struct {
	Row       int    `json:"row" doc:"Counts the table's rows from 1, without its headings" example:"12"`
	File      string `json:"file" doc:"As the table has it" example:"photos/mug.jpg"`
	JobID     string `json:"job_id" example:"0198f7a0-0000-7000-8000-000000000001"`
	ItemID    string `json:"item_id" example:"0198f7a0-0000-7000-8000-000000000002"`
	UploadURL string `json:"upload_url" format:"uri" doc:"PUT the photo there within 15 minutes, with x-ms-blob-type: BlockBlob; then complete it, many items in one call" example:"https://store.example/raw/default/j/i/u/mug.jpg?sig=x"`
}

// ImportUploadPage is a page of the photos that have not arrived.
type ImportUploadPage struct {
	Uploads    []ImportUpload `json:"uploads" nullable:"false" doc:"Up to 99 more than limit: those of one job come together"`
	AllRows    bool           `json:"all_rows" doc:"false: rows are still becoming items, and more may come after the last page" example:"true"`
	NextCursor *string        `json:"next_cursor" doc:"The cursor of the next page; null on the last"`
}

// ImportError is a row, or a photo of one, that has no picture.
type ImportError struct {
	Row     int     `json:"row" doc:"Counts the table's rows from 1, without its headings" example:"12"`
	Line    int     `json:"line" doc:"Of the file, at which the row begins" example:"13"`
	JobID   *string `json:"job_id" doc:"null: the row could not become an item"`
	ItemID  *string `json:"item_id" doc:"null: the row could not become an item"`
	Code    string  `json:"code" example:"source_url_not_found"`
	Message string  `json:"message" example:"There is nothing at the source_url: status 404"`
	File    string  `json:"file" example:""`
	URL     string  `json:"url" example:"https://shop.example/photos/mug.jpg"`
	SKU     string  `json:"sku" example:"CHAIR-04"`
	Title   string  `json:"title" example:"Blue mug"`
}

// ImportErrorPage is a page of what has no picture.
type ImportErrorPage struct {
	Errors     []ImportError `json:"errors" nullable:"false" doc:"First the rows that could not become items, then the items that failed; up to 99 more than limit: those of one job come together"`
	NextCursor *string       `json:"next_cursor" doc:"The cursor of the next page; null on the last"`
}

// ImportRow is a photo of a table, as a preview shows it.
type ImportRow struct {
	Row   int    `json:"row" doc:"Counts the table's rows from 1, without its headings" example:"12"`
	Line  int    `json:"line" doc:"Of the file, at which the row begins" example:"13"`
	File  string `json:"file" doc:"As the table has it; empty: the photo is named by its url" example:"photos/mug.jpg"`
	URL   string `json:"url" example:""`
	SKU   string `json:"sku" example:"CHAIR-04"`
	Title string `json:"title" example:"Blue mug"`
}

// ImportPreview tells what an import would make of a table.
type ImportPreview struct {
	Format   string        `json:"format" enum:"csv,jsonl,shopify,woocommerce,merchant" doc:"What the table was recognised as" example:"shopify"`
	Rows     int           `json:"rows" doc:"Of the table, without its headings" example:"200"`
	Products int           `json:"products" doc:"That the photos show, as far as their rows tell them apart" example:"120"`
	Photos   int           `json:"photos" doc:"That would be worked on" example:"310"`
	Pictures int           `json:"pictures" doc:"That would be made of them" example:"620"`
	Wrong    int           `json:"wrong" doc:"Rows and photos that would become none; they cost nothing" example:"2"`
	First    []ImportRow   `json:"first" nullable:"false" doc:"The first photos that would become items"`
	Errors   []ImportError `json:"errors" nullable:"false" doc:"The first rows and photos that would become none, and why"`
	Quote    *Quote        `json:"quote,omitempty" doc:"The price of all photos; left out: nothing has a price here, or the rows ask for too many different things"`
}

// ImportFilter says which imports a list shows. The zero value is the first page of all.
type ImportFilter struct {
	Page
	Status []string // any of them
}

// CreateImport makes an import. It is made once, even when the client repeats the call.
func (c *Client) CreateImport(ctx context.Context, n NewImport) (Import, error) {
	return c.CreateImportOnce(ctx, n, NewIdempotencyKey())
}

// CreateImportOnce makes an import under a key of the caller's, who may repeat the call
// with it after a crash.
func (c *Client) CreateImportOnce(ctx context.Context, n NewImport, key string) (Import, error) {
	return call[Import](ctx, c, http.MethodPost, path("imports"), nil, n, key)
}

// PreviewImport tells what CreateImport would make of a table, and its price: of the one at n.URL, or
// of one of up to 16 MB, whose name n.Filename is.
func (c *Client) PreviewImport(ctx context.Context, n NewImport, table []byte) (ImportPreview, error) {
	fields := [][2]string{{"tenant_id", c.o.Tenant}, {"url", n.URL}, {"brand_profile_id", n.BrandProfileID}, {"scene_prompt", n.ScenePrompt}}
	for name, list := range map[string][]string{"scene_types": n.SceneTypes, "presets": n.Presets} {
		for _, one := range list {
			fields = append(fields, [2]string{name, one})
		}
	}
	filename := n.Filename
	switch {
	case n.URL != "":
		filename = ""
	case filename == "":
		filename = "table.csv"
	}
	kind, body, err := formOf(fields, filename, table)
	if err != nil {
		return ImportPreview{}, err
	}
	return decoded[ImportPreview](ctx, c, http.MethodPost, path("imports", "preview"), kind, body, rand.Text(), maxTries)
}

// Imports returns a page of the tenant's imports, newest first.
func (c *Client) Imports(ctx context.Context, f ImportFilter) (ImportPage, error) {
	q := f.Page.query()
	if len(f.Status) > 0 {
		q.Set("status", strings.Join(f.Status, ","))
	}
	return get[ImportPage](ctx, c, path("imports"), q)
}

// Import returns an import. The call waits up to wait (at most 30 s) for one that has not
// ended and is not paused.
func (c *Client) Import(ctx context.Context, id string, wait time.Duration) (Import, error) {
	return get[Import](ctx, c, path("imports", id), waiting(wait))
}

// StartImport says that an import's table has been PUT. Repeated, it changes nothing.
func (c *Client) StartImport(ctx context.Context, id string) (Import, error) {
	return call[Import](ctx, c, http.MethodPost, path("imports", id, "start"), nil, nil, NewIdempotencyKey())
}

// ResumeImport lets a paused import go on.
func (c *Client) ResumeImport(ctx context.Context, id string) (Import, error) {
	return call[Import](ctx, c, http.MethodPost, path("imports", id, "resume"), nil, nil, NewIdempotencyKey())
}

// CancelImport stops an import and cancels what has not ended. Repeated, it changes
// nothing.
func (c *Client) CancelImport(ctx context.Context, id string) (Import, error) {
	return call[Import](ctx, c, http.MethodPost, path("imports", id, "cancel"), nil, nil, NewIdempotencyKey())
}

// ImportUploads returns a page of the photos that rows name by their files and that have
// not arrived, with fresh addresses to PUT them to.
func (c *Client) ImportUploads(ctx context.Context, id string, p Page) (ImportUploadPage, error) {
	return get[ImportUploadPage](ctx, c, path("imports", id, "uploads"), p.query())
}

// CompleteItems says that photos of any jobs have been PUT, and queues them: at most
// 1,000 in a call. The answer says of each what came of it. Repeated, it changes nothing.
func (c *Client) CompleteItems(ctx context.Context, itemIDs ...string) (Completed, error) {
	return c.CompleteAll(ctx, "", itemIDs)
}

// ImportErrors returns a page of the rows and photos that have no picture.
func (c *Client) ImportErrors(ctx context.Context, id string, p Page) (ImportErrorPage, error) {
	return get[ImportErrorPage](ctx, c, path("imports", id, "errors"), p.query())
}

// WriteImportErrors writes an import's error file, a CSV table that can be mended and sent
// as another import.
func (c *Client) WriteImportErrors(ctx context.Context, id string, to io.Writer) error {
	p := path("imports", id, "errors.csv")
	if c.o.Tenant != "" {
		p += "?" + url.Values{"tenant_id": {c.o.Tenant}}.Encode()
	}
	res, err := c.send(ctx, http.MethodGet, p, "", nil, "")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(to, res.Body); err != nil {
		return c.unreached(ctx, err)
	}
	return nil
}
