// Package job holds jobs and items: their state machine, their uploads, and the
// work on one item that a message of queue "jobs" asks for.
//
// Every change of state is one transaction that holds the state, the job's
// counters, the ledger's entry, the event and the next message. Terminal rows
// don't change. A worker writes under its fence: the attempt that it claimed.
package job

import (
	"time"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

// The states of a job.
const (
	JobCreated    = "created"
	JobProcessing = "processing"
	JobCompleted  = "completed"
	JobFailed     = "failed"
	JobPartial    = "partial"
	JobCancelled  = "cancelled"
)

// The states of an item. Completed, failed and cancelled are terminal.
const (
	ItemCreated    = "created"
	ItemUploaded   = "uploaded"
	ItemQueued     = "queued"
	ItemProcessing = "processing"
	ItemCompleted  = "completed"
	ItemFailed     = "failed"
	ItemCancelled  = "cancelled"
)

// Errors of callers.
var (
	ErrJobNotFound   = fault.New(fault.NotFound, "job_not_found", "There is no such job")
	ErrItemNotFound  = fault.New(fault.NotFound, "item_not_found", "There is no such item")
	ErrRequest       = fault.New(fault.Invalid, "job_invalid", "The job is not valid")
	ErrFilename      = fault.New(fault.Invalid, "filename_invalid", "The file name is not valid: 1–255 characters without control characters or path separators")
	ErrSceneType     = fault.New(fault.Invalid, "scene_type_unknown", "The scene type is not known")
	ErrPlateGone     = fault.New(fault.Conflict, "plate_gone", "The plate that the item's scene names has been deleted; make the picture in another scene: POST .../remake with a scene_type")
	ErrUploadMissing = fault.New(fault.Conflict, "upload_missing", "Nothing has been uploaded for this item; PUT the photo to the upload_url first")
	ErrUploadEmpty   = fault.New(fault.Invalid, "upload_empty", "The uploaded file is empty; get a new upload URL and PUT the photo")
	ErrUploadClosed  = fault.New(fault.Conflict, "upload_closed", "The item has left its upload; make a new job for another photo")
	ErrUploadsBusy   = fault.New(fault.Unavailable, "uploads_busy", "Too many photos are being taken in at once; try again shortly")
	ErrUploadURLs    = fault.New(fault.RateLimited, "upload_urls_exhausted", "The item has as many upload URLs as it can have; PUT the photo to one of them, or wait until the first has ended")
	ErrNoSources     = fault.New(fault.Invalid, "source_url_off", "Photos are not fetched from addresses here; upload them")
	ErrNoCallbacks   = fault.New(fault.Invalid, "callback_url_off", "Jobs' events are not sent to a callback_url here; follow the job instead")
	ErrNoGroups      = fault.New(fault.Invalid, "collections_off", "There are no collections here; leave collection_id out")
	ErrOutputMissing = fault.New(fault.NotFound, "output_not_ready", "The item has no output yet")
	ErrExportMissing = fault.New(fault.NotFound, "export_not_ready", "The job's export is not ready yet")
)

// MaxItems and the other limits of one request. They are part of the contract.
const (
	MaxItems        = 100
	MaxScenes       = 10
	MaxPromptLength = 2000
	maxFilename     = 255
)

// Brand is the copy of a brand profile that a job keeps: later edits don't
// change running jobs.
type Brand struct {
	Look    picture.Look   `json:"look"`
	Presets []string       `json:"presets,omitempty"`
	Plates  []string       `json:"plates,omitempty"` // scenes of items that name none
	Review  picture.Review `json:"review,omitzero"`
	Rights  picture.Rights `json:"rights,omitzero"`
	Naming  string         `json:"naming,omitempty"` // of files whose channel demands no names
}

// NewItem is one entry of a request. It becomes one item per scene.
type NewItem struct {
	Filename    string
	ScenePrompt string
	SceneTypes  []string
	SceneCount  int    // 0: one per scene type, or one
	SourceURL   string // where a worker fetches the photo; "": it is uploaded
	Product     picture.Product
	Steering    picture.Steering // over the brand's
}

// NewJob is a request for a job.
type NewJob struct {
	// ID is the job's id; "": a new one. When the tenant has a job of this id already,
	// the request was carried out before: that job is the answer.
	ID             string
	TenantID       string
	Name           string // what a person calls it, at most MaxName characters; "": nothing
	BrandProfileID string // "": default
	CorrelationID  string
	Items          []NewItem
	Presets        []string // empty: the brand's presets, else the default set
	Options        pipeline.Options
	Review         string   // "on" or "off"; "": the brand's choice
	ReviewBelow    *float64 // confidence, 0–1; nil: the brand's threshold, else the operator's
	CallbackURL    string   // where the job's events are sent; "": nowhere
	CollectionID   string   // the collection that it joins; "": none
	Uploads        bool     // sign an upload URL for each entry that has no source
}

// Job is a job with its items.
type Job struct {
	JobID          string           `json:"job_id"`
	TenantID       string           `json:"tenant_id"`
	Name           string           `json:"name"` // what a person calls it; "": nothing
	BrandProfileID string           `json:"brand_profile_id"`
	Status         string           `json:"status"`
	CorrelationID  string           `json:"correlation_id"`
	CreatedAt      time.Time        `json:"created_at"`
	UpdatedAt      time.Time        `json:"updated_at"`
	FinishedAt     *time.Time       `json:"finished_at"`
	ExportBlobPath *string          `json:"export_blob_path"`
	Presets        []string         `json:"presets"`
	Options        pipeline.Options `json:"processing_options"`
	Counts         Counts           `json:"counts"`
	Pictures       int              `json:"pictures"` // items without those that try or make another one again
	Items          []Item           `json:"items"`

	CallbackSecret string `json:"-"` // signs the job's events, of a job that was just made with a CallbackURL
}

// Counts are the job's counters.
type Counts struct {
	Total         int `json:"total"`
	Open          int `json:"open"`
	Completed     int `json:"completed"`
	Failed        int `json:"failed"`
	Cancelled     int `json:"cancelled"`
	OpenExports   int `json:"open_exports"`
	DoneExports   int `json:"done_exports"`
	FailedExports int `json:"failed_exports"`
}

// Item is one picture to be made.
type Item struct {
	ItemID         string             `json:"item_id"`
	Filename       string             `json:"filename"`
	Status         string             `json:"status"`
	SceneIndex     int                `json:"scene_index"`
	SceneType      string             `json:"scene_type"`
	ScenePrompt    string             `json:"scene_prompt,omitempty"`
	Steering       picture.Steering   `json:"steering,omitzero"`
	RemakeOf       *string            `json:"remake_of"`     // the finished item that this one makes again
	Alike          bool               `json:"-"`             // of RemakeItem: this item was there, and makes the same picture
	SupersededBy   *string            `json:"superseded_by"` // the item whose picture counts in the place of this one's
	Product        picture.Product    `json:"product"`
	SourceURL      *string            `json:"source_url"`
	RawBlobPath    *string            `json:"raw_blob_path"`
	CutoutBlobPath *string            `json:"cutout_blob_path"`
	OutputBlobPath *string            `json:"output_blob_path"`
	CutoutVersion  *int               `json:"cutout_version"` // that counts; nil: there is none yet
	ErrorCode      *string            `json:"error_code"`
	ErrorMessage   *string            `json:"error_message"`
	NeedsReview    bool               `json:"needs_review"`
	ReviewReason   *string            `json:"review_reason"`
	Concerns       []picture.Concern  `json:"concerns"`
	Review         *Review            `json:"review"` // nil: nobody had to look, and nobody did
	Confidence     *float64           `json:"confidence"`
	Fidelity       *pipeline.Fidelity `json:"fidelity"`
	Attempt        int                `json:"attempt"`
	Waiting        *Waiting           `json:"waiting,omitempty"` // nil: for nothing but its turn
	RetryOf        *string            `json:"retry_of"`          // the failed item that this one tries again
	RetriedBy      *string            `json:"retried_by"`        // the item that tries this one again and counts instead of it
	LeftOut        bool               `json:"left_out"`          // it failed, and its job needs no picture of it any more
	CreatedAt      time.Time          `json:"created_at"`
	UpdatedAt      time.Time          `json:"updated_at"`
	EndedAt        *time.Time         `json:"ended_at"`
	Steps          []Step             `json:"steps"`

	// UploadURL is where to put the photo, of a job that was made with Uploads;
	// siblings share it.
	UploadURL string `json:"-"`

	Note string `json:"-"` // what of its request may not be meant so, of a job that was just made

	entry string
}

// PhotoID names what an item's siblings share: the upload of one request entry.
func (it *Item) PhotoID() string { return it.entry }

// Step is one row of an item's timeline.
type Step struct {
	Attempt   int        `json:"attempt"`
	Step      string     `json:"step"`
	Status    string     `json:"status"` // running, done, failed, reused
	ErrorCode *string    `json:"error_code,omitempty"`
	StartedAt time.Time  `json:"started_at"`
	EndedAt   *time.Time `json:"ended_at"`
	Millis    *int64     `json:"ms"`
}
