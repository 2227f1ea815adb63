package client

// UploadRequest asks for a URL to PUT a photo to.
type UploadRequest struct {
	TenantID    string `json:"tenant_id,omitempty" nullable:"true" doc:"The tenant; may be left out where the credentials name one" example:"default"`
	JobID       string `json:"job_id" example:"0198f7a0-0000-7000-8000-000000000001"`
	ItemID      string `json:"item_id" example:"0198f7a0-0000-7000-8000-000000000002"`
	Filename    string `json:"filename,omitempty" nullable:"true" doc:"Left out: the item's" example:"mug.jpg"`
	ContentType string `json:"content_type,omitempty" nullable:"true" maxLength:"255" doc:"Kept with the upload; the photo's format is read from its bytes" example:"image/jpeg"`
}

// CompleteRequest says that a photo has been PUT, or with Items that many have.
type CompleteRequest struct {
	TenantID    string `json:"tenant_id,omitempty" nullable:"true" doc:"The tenant; may be left out where the credentials name one" example:"default"`
	JobID       string `json:"job_id,omitempty" doc:"The job; with items it may be left out" example:"0198f7a0-0000-7000-8000-000000000001"`
	ItemID      string `json:"item_id,omitempty" doc:"The item; with items, one more of them" example:"0198f7a0-0000-7000-8000-000000000002"`
	Filename    string `json:"filename,omitempty" nullable:"true" doc:"Not looked at, unless rename says so" example:"mug.jpg"`
	Rename      bool   `json:"rename,omitempty" doc:"The item and its siblings take the filename, of a photo that is sent in another's place; not with items" example:"false"`
	ContentType string `json:"content_type,omitempty" nullable:"true" maxLength:"255" doc:"Not looked at" example:"image/jpeg"`

	Items []CompleteItem `json:"items,omitempty" nullable:"true" maxItems:"1000" doc:"Many items in one call; the answer is 200 and says of each what came of it"`
}

// CompleteItem names one of many items whose photos have been PUT.
type CompleteItem struct {
	ItemID string `json:"item_id" example:"0198f7a0-0000-7000-8000-000000000002"`
}

// Completed is the answer to CompleteRequest.
type Completed struct {
	OK    bool            `json:"ok" doc:"Every item is queued" example:"true"`
	Items []CompletedItem `json:"items,omitempty" doc:"Of a call with items: each, in the order of the request"`
}

// CompletedItem is the outcome of one of many items.
type CompletedItem struct {
	ItemID string     `json:"item_id" example:"0198f7a0-0000-7000-8000-000000000002"`
	OK     bool       `json:"ok" example:"true"`
	Error  *ItemError `json:"error" doc:"null when it is ok"`
}

// ItemError says why one of many items was not done. Code is stable.
type ItemError struct {
	Code   string `json:"code" example:"upload_missing"`
	Detail string `json:"detail" doc:"What is wrong and what to do, for people" example:"Nothing has been uploaded for this item"`
}

// Unpaid reports whether credits, or a budget, are all that a photo waits for: it stays
// where it is, and can be completed when they are there.
func (e ItemError) Unpaid() bool {
	return e.Code == "insufficient_credits" || e.Code == "debt_outstanding" || e.Code == "budget_exceeded"
}

// Again reports whether the photo may be completed a moment later: a part of the API was
// busy or away.
func (e ItemError) Again() bool {
	return e.Code == "uploads_busy" || e.Code == "blob_unavailable" || e.Code == "internal"
}

// UploadURL is where to PUT a photo, once.
type UploadURL struct {
	UploadURL   string `json:"upload_url" format:"uri" doc:"PUT the photo there within 15 minutes, with x-ms-blob-type: BlockBlob" example:"https://store.example/raw/default/j/i/u/mug.jpg?sig=x"`
	RawBlobPath string `json:"raw_blob_path" example:"default/j/i/u/mug.jpg"`
}

// DirectUpload is the answer to a photo that was sent through the API.
type DirectUpload struct {
	OK          bool   `json:"ok" example:"true"`
	RawBlobPath string `json:"raw_blob_path" example:"default/j/i/u/mug.jpg"`
}

// Download is where to get a file.
type Download struct {
	DownloadURL string `json:"download_url" format:"uri" doc:"Works for some minutes" example:"https://store.example/outputs/default/j/i/output.png?sig=x"`
}

// ExportDownload is where to get a job's or a collection's ZIP.
type ExportDownload struct {
	DownloadURL string       `json:"download_url" format:"uri" doc:"Of the first part; works for some minutes" example:"https://store.example/exports/default/j/export/z-p1.zip?sig=x"`
	Parts       []ExportPart `json:"parts" nullable:"false" doc:"All parts: a large job has several, each a ZIP that opens by itself"`
	Outdated    bool         `json:"outdated" doc:"A newer ZIP is being made, as pictures have changed since, by a decision or a correction: ask again in some seconds"`
}

// ExportFiles is what a job's ZIP holds by now.
type ExportFiles struct {
	Columns []string     `json:"columns" nullable:"false" doc:"Of manifest.csv" example:"[\"file\"]"`
	Files   []ExportFile `json:"files" nullable:"false" doc:"In the order of the manifest"`
}

// ExportFile is a finished file as a job's ZIP has it.
type ExportFile struct {
	ItemID string   `json:"item_id" example:"0198f7a0-0000-7000-8000-000000000002"`
	File   string   `json:"file" doc:"Its path in the ZIP; empty where its picture was rejected. Items of one photo may share a file" example:"amazon/B07ABCDEFG.MAIN.jpg"`
	URL    string   `json:"url" doc:"Works for some minutes; empty where file is" example:"https://store.example/exports/default/j/i/amazon_main.jpg?sig=x"`
	Status string   `json:"status" enum:"completed,rejected" doc:"rejected: its channel refuses it" example:"completed"`
	Bytes  int64    `json:"bytes" example:"412345"`
	Row    []string `json:"row" nullable:"false" doc:"Its line of manifest.csv" example:"[\"amazon/B07ABCDEFG.MAIN.jpg\"]"`
	Entry  any      `json:"entry" doc:"Its line of manifest.json"`
}

// ExportPart is a part of a job's ZIP.
type ExportPart struct {
	URL   string `json:"url" format:"uri" doc:"Works for some minutes" example:"https://store.example/exports/default/j/export/z-p1.zip?sig=x"`
	Bytes int64  `json:"bytes" doc:"The part's size" example:"41231233"`
}
