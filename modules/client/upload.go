package client

// UploadRequest asks for a URL to PUT a photo to.
type UploadRequest struct {
	TenantID    string `json:"tenant_id,omitempty" nullable:"true" doc:"The tenant; may be left out where the credentials name one" example:"default"`
	JobID       string `json:"job_id" example:"0198f7a0-0000-7000-8000-000000000001"`
	ItemID      string `json:"item_id" example:"0198f7a0-0000-7000-8000-000000000002"`
	Filename    string `json:"filename,omitempty" nullable:"true" doc:"Left out: the item's" example:"mug.jpg"`
	ContentType string `json:"content_type,omitempty" nullable:"true" maxLength:"255" doc:"Kept with the upload; the photo's format is read from its bytes" example:"image/jpeg"`
}

// CompleteRequest says that a photo has been PUT.
type CompleteRequest struct {
	TenantID    string `json:"tenant_id,omitempty" nullable:"true" doc:"The tenant; may be left out where the credentials name one" example:"default"`
	JobID       string `json:"job_id" example:"0198f7a0-0000-7000-8000-000000000001"`
	ItemID      string `json:"item_id" example:"0198f7a0-0000-7000-8000-000000000002"`
	Filename    string `json:"filename,omitempty" nullable:"true" doc:"Not looked at" example:"mug.jpg"`
	ContentType string `json:"content_type,omitempty" nullable:"true" maxLength:"255" doc:"Not looked at" example:"image/jpeg"`
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

// ExportDownload is where to get a job's ZIP.
type ExportDownload struct {
	DownloadURL string       `json:"download_url" format:"uri" doc:"Of the first part; works for some minutes" example:"https://store.example/exports/default/j/export/z-p1.zip?sig=x"`
	Parts       []ExportPart `json:"parts" nullable:"false" doc:"All parts: a large job has several, each a ZIP that opens by itself"`
}

// ExportPart is a part of a job's ZIP.
type ExportPart struct {
	URL   string `json:"url" format:"uri" doc:"Works for some minutes" example:"https://store.example/exports/default/j/export/z-p1.zip?sig=x"`
	Bytes int64  `json:"bytes" doc:"The part's size" example:"41231233"`
}
