package client

import (
	"encoding/json"
	"time"
)

// The states of a job. All but the first two are terminal.
const (
	JobCreated    = "created"
	JobProcessing = "processing"
	JobCompleted  = "completed" // every item and every variant
	JobPartial    = "partial"   // some
	JobFailed     = "failed"    // none, and one failed
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

// NewJob asks for a job.
type NewJob struct {
	TenantID       string      `json:"tenant_id,omitempty" nullable:"true" doc:"The tenant; may be left out where the credentials name one" example:"default"`
	Name           string      `json:"name,omitempty" nullable:"true" maxLength:"120" doc:"What people call the job: at most 120 characters, without control characters" example:"Spring collection"`
	BrandProfileID string      `json:"brand_profile_id,omitempty" nullable:"true" maxLength:"63" doc:"The brand profile; left out: default" example:"default"`
	Items          []NewItem   `json:"items" nullable:"false" minItems:"1" maxItems:"100" doc:"The photos"`
	Presets        []string    `json:"presets,omitempty" nullable:"true" maxItems:"100" doc:"Names from GET /v1/presets; left out: the brand's, else a default set" example:"[\"shopify\",\"amazon_main\"]"`
	Options        *JobOptions `json:"processing_options,omitempty" doc:"Which steps run"`
	Review         string      `json:"review,omitempty" nullable:"true" enum:"on,off" doc:"off: no picture waits for a person; left out: the brand's choice" example:"on"`
	ReviewBelow    *float64    `json:"review_below,omitempty" nullable:"true" minimum:"0" maximum:"1" doc:"Cut-outs of a lower confidence wait for a person; left out: the brand's, else the operator's" example:"0.5"`
	CallbackURL    string      `json:"callback_url,omitempty" nullable:"true" maxLength:"2048" doc:"Where the job's events are sent, as to a webhook: an https address that the internet can reach" example:"https://shop.example/opal"`
	CollectionID   string      `json:"collection_id,omitempty" nullable:"true" maxLength:"64" doc:"An open collection that the job joins" example:"0198f7a0-0000-7000-8000-00000000000d"`
	Uploads        bool        `json:"uploads,omitempty" doc:"Answer each item's upload_url, so that POST /v1/uploads/sas isn't needed" example:"true"`
	DryRun         bool        `json:"dry_run,omitempty" doc:"Answer the exact cost, the items with what of them may not be meant so, and make nothing" example:"false"`
}

// JobName names a job.
type JobName struct {
	Name string `json:"name" nullable:"false" maxLength:"120" doc:"What people call the job; empty takes its name away" example:"Spring collection"`
}

// NewItem asks for the pictures of one photo.
type NewItem struct {
	Filename    string    `json:"filename" required:"false" doc:"The photo's file name: 1 to 255 characters, without control characters and path separators; with source_url it may be left out" example:"mug.jpg"`
	SourceURL   string    `json:"source_url,omitempty" nullable:"true" maxLength:"2048" doc:"Where the photo is, in place of an upload: an https address that the internet can reach. The item is queued immediately" example:"https://shop.example/photos/mug.jpg"`
	ScenePrompt string    `json:"scene_prompt,omitempty" nullable:"true" maxLength:"2000" doc:"Words for the scene, at most 2,000 characters" example:"on an oak table, morning light"`
	SceneTypes  []string  `json:"scene_types,omitempty" nullable:"true" maxItems:"10" doc:"One item is made per scene: names from GET /v1/scenes, plate:ID of an own background, colour:#rrggbb, gradient:#rrggbb-#rrggbb from top to bottom (in any case; color: and #rgb are taken, too), or crop_original (the photo with its own backdrop, framed by the product; no scene is charged); left out: the brand's own backgrounds, else the first scenes" example:"[\"studio\",\"kitchen\"]"`
	SceneCount  *int      `json:"scene_count,omitempty" nullable:"true" minimum:"1" maximum:"10" doc:"How many scenes; left out: one per scene type, or one. A scene that comes again is another composition; plates, colours, gradients and crop_original have one alone, and are made once (see note)" example:"2"`
	Steering    *Steering `json:"steering,omitempty" doc:"Where the product stands, how large it is, its light and shadow; over the brand's"`
	NewProduct
}

// NewProduct says what a photo shows. Fields that are left out are read from the photo's
// file name where it has them: B07ABCDEFG.MAIN.jpg, 4006381333931.jpg, CHAIR-04.PT01.jpg.
type NewProduct struct {
	SKU   string `json:"sku,omitempty" nullable:"true" doc:"The seller's own number, at most 100 characters" example:"CHAIR-04"`
	GTIN  string `json:"gtin,omitempty" nullable:"true" doc:"Barcode (EAN, UPC, JAN, ISBN-13): 8, 12, 13 or 14 digits, the last of which checks the others" example:"4006381333931"`
	ASIN  string `json:"asin,omitempty" nullable:"true" doc:"Amazon's number" example:"B07ABCDEFG"`
	Slot  string `json:"slot,omitempty" nullable:"true" doc:"The photo's place in a listing: MAIN, PT01, SWCH ..." example:"MAIN"`
	Title string `json:"title,omitempty" nullable:"true" doc:"For people, and for alt texts and addresses: at most 300 characters" example:"Blue mug"`
	SetID string `json:"set_id,omitempty" nullable:"true" doc:"Any word that the photos of one SKU in this job share whose pictures keep one scale and one crop, such as its angles: the largest product among them decides. The first that is cut out waits for the others, 5 minutes at most (see waiting). Items without a sku and with one set_id are a set, too. At most 100 characters" example:"angles"`
}

// Product says what a photo shows; null where nothing is known.
type Product struct {
	SKU   *string `json:"sku" doc:"The seller's own number" example:"CHAIR-04"`
	GTIN  *string `json:"gtin" doc:"Barcode" example:"4006381333931"`
	ASIN  *string `json:"asin" doc:"Amazon's number" example:"B07ABCDEFG"`
	Slot  *string `json:"slot" doc:"The photo's place in a listing" example:"MAIN"`
	Title *string `json:"title" doc:"For people" example:"Blue mug"`
	SetID *string `json:"set_id" doc:"Photos of one SKU with the same one keep one scale and one crop" example:"angles"`
}

// JobOptions say which steps run; each is true where it is left out.
type JobOptions struct {
	RemoveBackground *bool `json:"remove_background,omitempty" nullable:"true" doc:"false: the whole frame is the product" example:"true"`
	GenerateScene    *bool `json:"generate_scene,omitempty" nullable:"true" doc:"false: the cut-out is the output" example:"true"`
	Upscale          *bool `json:"upscale,omitempty" nullable:"true" doc:"false: the output has the scene's own size" example:"true"`
}

// CreatedJob is the answer to NewJob: the job's id and its items, one per scene. Of
// a dry run it is the quote alone.
type CreatedJob struct {
	JobID         string        `json:"job_id,omitempty" doc:"The job; left out of a dry run" example:"0198f7a0-0000-7000-8000-000000000001"`
	CorrelationID string        `json:"correlation_id" doc:"Found again in every log line about the job" example:"0198f7a0-0000-7000-8000-00000000000c"`
	Items         []CreatedItem `json:"items" nullable:"false" doc:"In the order of the request, one per scene"`
	Secret        string        `json:"callback_secret,omitempty" doc:"With callback_url: the secret that signs the job's events, shown only here" example:"whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"`
	Quote         *Quote        `json:"quote,omitempty" doc:"Of a dry run: the exact cost; nothing was made"`
}

// CreatedItem is an item that a request made.
type CreatedItem struct {
	ItemID       string   `json:"item_id" doc:"Empty in a dry run, which makes none" example:"0198f7a0-0000-7000-8000-000000000002"`
	Filename     string   `json:"filename" example:"mug.jpg"`
	SceneIndex   int      `json:"scene_index" doc:"Counts the scenes of one photo from 0" example:"0"`
	SceneType    string   `json:"scene_type" example:"studio"`
	UnknownWords []string `json:"unknown_words,omitempty" doc:"Words of scene_prompt that OPAL's own scenes don't know; an engine with a model may heed them" example:"[\"whimsical\"]"`
	Note         string   `json:"note,omitempty" doc:"What of the request may not be meant so, for people" example:"set_id without sku: all photos of the job without a sku and with this set_id are one set"`
	UploadURL    string   `json:"upload_url,omitempty" format:"uri" doc:"With uploads: PUT the photo there within 15 minutes, with x-ms-blob-type: BlockBlob. Items of one photo have the same: PUT it once" example:"https://store.example/raw/default/j/i/u/mug.jpg?sig=x"`
	Product
}

// JobSummary is a job without its items.
type JobSummary struct {
	JobID          string            `json:"job_id" example:"0198f7a0-0000-7000-8000-000000000001"`
	TenantID       string            `json:"tenant_id" example:"default"`
	Name           string            `json:"name" doc:"What people call the job; empty: nothing" example:"Spring collection"`
	BrandProfileID string            `json:"brand_profile_id" example:"default"`
	Status         string            `json:"status" enum:"created,processing,completed,failed,partial,cancelled" example:"processing" doc:"Terminal are completed, failed, partial and cancelled"`
	CorrelationID  string            `json:"correlation_id" example:"0198f7a0-0000-7000-8000-00000000000c"`
	CreatedAt      time.Time         `json:"created_at" example:"2026-11-27T09:30:00Z"`
	UpdatedAt      time.Time         `json:"updated_at" example:"2026-11-27T09:30:05Z"`
	FinishedAt     *time.Time        `json:"finished_at" doc:"When the job became terminal; null before"`
	ExportBlobPath *string           `json:"export_blob_path" doc:"Where the job's ZIP is; null before it is whole"`
	Presets        []string          `json:"presets" nullable:"false" doc:"The variants made of each item" example:"[\"shopify\"]"`
	Options        ProcessingOptions `json:"processing_options"`
	Counts         Counts            `json:"counts"`
	Pictures       int               `json:"pictures" doc:"How many pictures it has: its items without those that try or make another one again" example:"1"`
}

// Job is a job with its items.
type Job struct {
	JobSummary
	Items []Item `json:"items" nullable:"false"`
}

// Ended reports whether the job is terminal.
func (j JobSummary) Ended() bool {
	switch j.Status {
	case JobCompleted, JobPartial, JobFailed, JobCancelled:
		return true
	}
	return false
}

// ProcessingOptions are the steps that a job's items take.
type ProcessingOptions struct {
	RemoveBackground bool `json:"remove_background" doc:"false: the whole frame is the product"`
	GenerateScene    bool `json:"generate_scene" doc:"false: the cut-out is the output"`
	Upscale          bool `json:"upscale" doc:"false: the output has the scene's own size"`
}

// Counts are a job's counters of items and variants.
type Counts struct {
	Total         int `json:"total" doc:"Items" example:"1"`
	Open          int `json:"open" doc:"Items that have not ended" example:"1"`
	Completed     int `json:"completed" example:"0"`
	Failed        int `json:"failed" example:"0"`
	Cancelled     int `json:"cancelled" example:"0"`
	OpenExports   int `json:"open_exports" doc:"Variants that have not ended" example:"0"`
	DoneExports   int `json:"done_exports" example:"0"`
	FailedExports int `json:"failed_exports" example:"0"`
}

// Item is one picture to be made.
type Item struct {
	ItemID         string     `json:"item_id" example:"0198f7a0-0000-7000-8000-000000000002"`
	Filename       string     `json:"filename" example:"mug.jpg"`
	Status         string     `json:"status" enum:"created,uploaded,queued,processing,completed,failed,cancelled" example:"processing" doc:"Terminal are completed, failed and cancelled"`
	SceneIndex     int        `json:"scene_index" example:"0"`
	SceneType      string     `json:"scene_type" example:"studio"`
	ScenePrompt    string     `json:"scene_prompt,omitempty"`
	Steering       *Steering  `json:"steering,omitempty" doc:"What was wished of the picture; left out: nothing"`
	RemakeOf       *string    `json:"remake_of" doc:"The finished item that this one makes again; null: none"`
	SupersededBy   *string    `json:"superseded_by" doc:"The item whose picture counts, and is in the ZIP, in the place of this one's: of one that was made again, and of all that were made of it, the one that was completed last; null: its own counts"`
	SourceURL      *string    `json:"source_url" doc:"Where the photo is fetched; null: it is uploaded"`
	RawBlobPath    *string    `json:"raw_blob_path" doc:"The photo; null before the upload"`
	CutoutBlobPath *string    `json:"cutout_blob_path"`
	OutputBlobPath *string    `json:"output_blob_path"`
	CutoutVersion  *int       `json:"cutout_version" doc:"The version of the cut-out that counts; null before there is one" example:"1"`
	ErrorCode      *string    `json:"error_code" doc:"Why it failed, stable; null unless it did"`
	ErrorMessage   *string    `json:"error_message" doc:"Why it failed, for people"`
	NeedsReview    bool       `json:"needs_review" doc:"A person has yet to look at the picture before it is used; in the ZIP it is in the folder review"`
	ReviewReason   *string    `json:"review_reason" doc:"What is to be looked at, and where"`
	Review         *Review    `json:"review" doc:"What became of the picture that a person had to look at; null: nobody had to, and nobody did"`
	Concerns       []Concern  `json:"concerns" nullable:"false" doc:"What may be wrong with the cut-out, the gravest first, whether or not a person has to look; then what may be with the product's place in the frame: cropped, where the frame cuts it off, tiny, where it is shown with few pixels, and turned, where it is mirrored or rotated"`
	Confidence     *float64   `json:"confidence" doc:"Of the cut-out, 0 to 1"`
	Fidelity       *Fidelity  `json:"fidelity" doc:"How much of the product the picture kept; null before it was measured"`
	Waiting        *Waiting   `json:"waiting,omitempty" doc:"What a queued item waits for beside its turn; absent where that is all"`
	Attempt        int        `json:"attempt" doc:"Counts the attempts from 1" example:"1"`
	RetryOf        *string    `json:"retry_of" doc:"The failed item that this one tries again"`
	RetriedBy      *string    `json:"retried_by" doc:"The item that tries this one again, and counts in its place"`
	LeftOut        bool       `json:"left_out,omitempty" doc:"It failed and was left out: it counts as cancelled in its job" example:"false"`
	CreatedAt      time.Time  `json:"created_at" example:"2026-11-27T09:30:00Z"`
	UpdatedAt      time.Time  `json:"updated_at" example:"2026-11-27T09:30:05Z"`
	EndedAt        *time.Time `json:"ended_at"`
	Steps          []Step     `json:"steps" nullable:"false" doc:"The item's timeline"`
	Exports        []Variant  `json:"exports" nullable:"false" doc:"The item's variants, one per preset"`
	Product
}

// Waiting says what a queued item waits for beside its turn.
type Waiting struct {
	Reason  string    `json:"reason" enum:"set" doc:"set: other photos with its sku and set_id are not cut out yet" example:"set"`
	Text    string    `json:"text" doc:"For people" example:"It waits for other photos: 1 of its set to be uploaded; it goes on without them at 09:35 UTC"`
	ItemIDs []string  `json:"item_ids" nullable:"false" doc:"An item of each photo that is missing" example:"[\"0198f7a0-0000-7000-8000-000000000003\"]"`
	Until   time.Time `json:"until" doc:"When it goes on without them: 5 minutes after the first photo of the set was cut out. Photos that are refused, fail, are left out or deleted are not waited for" example:"2026-11-27T09:35:00Z"`
}

// Fidelity says how much of the product a picture kept.
type Fidelity struct {
	SSIM       float64  `json:"ssim" doc:"Structural similarity over the product; 1 is identical" example:"0.999"`
	MaxDiff    int      `json:"max_diff" doc:"Largest difference of a channel over the product, 0 to 255" example:"1"`
	EngineSSIM *float64 `json:"engine_ssim,omitempty" doc:"Of what the scene's engine returned, before the product was put back"`
	Unlit      *Unlit   `json:"unlit,omitempty" doc:"The same figures with the scene's light, which relight wished, taken for a change; absent where none fell on the product"`
	Upscale    string   `json:"upscale,omitempty" doc:"How the scene was enlarged, and the product of a small photo"`
	Areas      []Area   `json:"areas,omitempty" doc:"Which part of the scene each colour of the brand's palette names"`
	Note       string   `json:"note,omitempty" doc:"What of the wishes the picture doesn't follow, and why"`
	Enlarged   float64  `json:"enlarged,omitempty" doc:"The product's pixels in the output for one of the photo's; above 2 it looks soft" example:"1.2"`
}

// Unlit says how much of the product a picture kept when the scene's light counts as a change.
type Unlit struct {
	SSIM    float64 `json:"ssim" doc:"Structural similarity over the product; 1 is identical" example:"0.981"`
	MaxDiff int     `json:"max_diff" doc:"Largest difference of a channel over the product, 0 to 255" example:"41"`
}

// Area says which part of a picture a colour of the palette names.
type Area struct {
	Colour string     `json:"colour" doc:"As the palette has it" example:"#e8d8c3"`
	Name   string     `json:"name" doc:"Empty: the scene shows it nowhere" example:"backdrop"`
	Exact  bool       `json:"exact" doc:"It is kept there, to a difference (CIEDE2000) of 3; else the scene takes its tone" example:"true"`
	Why    string     `json:"why,omitempty" doc:"Why it isn't kept anywhere, for people: the background names no area, or the scene shows none of it" example:"a photograph keeps its own colours: the palette names no area of it"`
	Where  [4]float64 `json:"where,omitzero" doc:"Left, top, right and bottom, as shares of the scene's frame; left out: no place of its own" example:"[0.2,0.06,0.8,0.24]"`
}

// Concern is one thing about a cut-out that a person should look at.
type Concern struct {
	Kind string  `json:"kind,omitempty" doc:"For programs"`
	Text string  `json:"text" example:"The product touches the picture's edge and may be cut off"`
	Box  *[4]int `json:"box" doc:"Where: x, y, width and height in pixels of the upright photo; null: all of it"`
}

// The states of a picture that a person has to look at.
const (
	ReviewPending  = "pending"
	ReviewApproved = "approved"
	ReviewRejected = "rejected"
)

// Review is the state of a picture that a person had to look at.
type Review struct {
	State     string     `json:"state" enum:"pending,approved,rejected" example:"approved"`
	Note      string     `json:"note" doc:"Written by who decided" example:"the strap is fine"`
	DecidedAt *time.Time `json:"decided_at" doc:"null while it is pending"`
	By        string     `json:"by,omitempty" doc:"Who decided: a person's, a key's or a guest's name; absent where that is not known" example:"Grace"`
	Guest     bool       `json:"guest,omitempty" doc:"Decided by a share link: nobody has checked the name" example:"true"`
}

// Decision is a person's decision about a finished picture.
type Decision struct {
	TenantID string `json:"tenant_id,omitempty" nullable:"true" doc:"The tenant; may be left out where the credentials name one" example:"default"`
	Note     string `json:"note,omitempty" nullable:"true" maxLength:"2000" doc:"At most 2,000 characters" example:"the strap is fine"`
	Seen     string `json:"seen,omitempty" nullable:"true" enum:"none,pending,approved,rejected" doc:"The review that the caller knows of: where somebody has decided otherwise since, nothing changes, and the answer is decided_meanwhile. Left out: the last decision counts" example:"pending"`
}

// NewExports asks for variants of a finished item anew.
type NewExports struct {
	TenantID string   `json:"tenant_id,omitempty" nullable:"true" doc:"The tenant; may be left out where the credentials name one" example:"default"`
	Presets  []string `json:"presets,omitempty" nullable:"true" maxItems:"100" doc:"Names from GET /v1/presets; left out: all variants that the item has" example:"[\"shopify\",\"bol_main\"]"`
}

// Step is one row of an item's timeline.
type Step struct {
	Attempt   int        `json:"attempt" example:"1"`
	Step      string     `json:"step" enum:"ingest,cutout,turn,place,upscale,lock,output" example:"cutout"`
	Status    string     `json:"status" enum:"running,done,failed,reused" example:"done" doc:"reused: an earlier attempt had done it"`
	ErrorCode *string    `json:"error_code,omitempty"`
	StartedAt time.Time  `json:"started_at" example:"2026-11-27T09:30:01Z"`
	EndedAt   *time.Time `json:"ended_at"`
	Millis    *int64     `json:"ms" doc:"Milliseconds from start to end; null while it runs"`
}

// Variant is one picture of an item, made for a preset.
type Variant struct {
	Preset       string  `json:"preset" example:"shopify"`
	Status       string  `json:"status" example:"completed" doc:"pending, processing, completed, failed, cancelled, or rejected: made, and refused by the channel for the rules of severity reject that it breaks"`
	Format       string  `json:"format" doc:"jpeg, webp, avif or png; empty while it isn't made" example:"jpeg"`
	Width        int     `json:"width" doc:"Pixels; 0 while it isn't made" example:"2048"`
	Height       int     `json:"height" example:"2048"`
	Bytes        int64   `json:"bytes" example:"412345"`
	BlobPath     *string `json:"blob_path"`
	Checks       []Check `json:"checks" nullable:"false" doc:"What came of the channel's rules on the finished file"`
	Proof        *Proof  `json:"proof" doc:"How the product in the file differs from the product in the photo; null where nothing was cut out, and before the file is made"`
	ErrorCode    *string `json:"error_code"`
	ErrorMessage *string `json:"error_message"`
	Review       *string `json:"review" enum:"pending,approved,rejected" doc:"Of its item: pending, a person has yet to look before it is used; null: nobody has to"`
}

// Proof says how the product in a variant's file, decoded, differs from the product in
// the photo, a few pixels inside its outline.
type Proof struct {
	SSIM     float64     `json:"ssim" doc:"Structural similarity of brightness; 1 is identical" example:"0.997"`
	DeltaE50 float64     `json:"delta_e_p50" doc:"CIEDE2000, the median pixel" example:"0.4"`
	DeltaE95 float64     `json:"delta_e_p95" doc:"CIEDE2000, the pixel that one in twenty exceed" example:"1.1"`
	Cast     float64     `json:"cast" doc:"CIEDE2000 between mean colours of areas, the median area" example:"0.1"`
	Spot     float64     `json:"spot" doc:"The same, the worst area" example:"0.8"`
	Mark     float64     `json:"mark" doc:"Levels of brightness in the worst area of the size of a letter, root mean square" example:"1.1"`
	Detail   float64     `json:"detail" doc:"Strength of fine detail: 1 as it was, above where it was sharpened" example:"0.98"`
	Bleed    float64     `json:"bleed" doc:"Levels by which colour runs over its strong edges" example:"3"`
	Shift    float64     `json:"shift_px" doc:"The largest shift of a part of the product, in pixels of the file" example:"0.02"`
	Pixels   int         `json:"pixels" doc:"That were compared" example:"2949558"`
	Limits   ProofLimits `json:"limits" doc:"Of the preset"`
	Within   bool        `json:"within" doc:"All limits are kept" example:"true"`
	Held     bool        `json:"held" doc:"A file over them is rejected; false for small presets, which are only measured" example:"true"`
	Unlit    *UnlitProof `json:"unlit,omitempty" doc:"With the scene's light, which relight wished, taken for a change: the other figures take it into account. Absent where none fell on the product"`
}

// UnlitProof says how the product in a file differs from the photo's when the scene's light
// counts as a change.
type UnlitProof struct {
	SSIM     float64 `json:"ssim" doc:"Structural similarity of brightness; 1 is identical" example:"0.981"`
	DeltaE50 float64 `json:"delta_e_p50" doc:"CIEDE2000, the median pixel" example:"3.1"`
	DeltaE95 float64 `json:"delta_e_p95" doc:"CIEDE2000, the pixel that one in twenty exceed" example:"7.4"`
}

// ProofLimits are what the figures of Proof may reach at most, and ssim at least.
type ProofLimits struct {
	SSIM     float64 `json:"ssim" example:"0.94"`
	DeltaE95 float64 `json:"delta_e_p95" example:"4"`
	Cast     float64 `json:"cast" example:"0.3"`
	Spot     float64 `json:"spot" example:"3"`
	Mark     float64 `json:"mark" example:"6"`
	Detail   float64 `json:"detail" example:"1.12"`
	Bleed    float64 `json:"bleed" example:"5"`
	Shift    float64 `json:"shift_px" example:"0.5"`
}

// Check is the result of one of a channel's rules.
type Check struct {
	Rule     string  `json:"rule" example:"long_side"`
	Passed   bool    `json:"passed" example:"true"`
	Measured string  `json:"measured" example:"2048 px"`
	Wanted   string  `json:"wanted" example:"at least 2048 px"`
	Severity string  `json:"severity,omitempty" enum:"reject,warn,advice" doc:"What it means that the rule is broken" example:"warn"`
	Advice   string  `json:"advice,omitempty" doc:"What to do then" example:"Take the photo with more pixels on the product"`
	Source   string  `json:"source,omitempty" doc:"Where the rule is written; absent for OPAL's own" example:"Picture policy"`
	Unsure   bool    `json:"unsure,omitempty" doc:"The product's place is not certain enough to tell"`
	Figure   *Figure `json:"figure,omitempty" doc:"The same as numbers; absent where it is not one number each, and in checks of earlier releases"`
}

// Figure is what was measured of a rule, and what is wanted, as numbers.
type Figure struct {
	Unit  string  `json:"unit" enum:"px,bytes,share,frame,times,ratio,count" doc:"share: 0 to 1 of what the rule is about; frame: 0 to 1 of the picture; times: as large as in the photo; ratio: width by height" example:"px"`
	Bound string  `json:"bound" enum:"at_least,at_most,about" doc:"What the limit is" example:"at_least"`
	Value float64 `json:"value" doc:"Measured" example:"2048"`
	Limit float64 `json:"limit" doc:"Wanted" example:"2000"`
}

// ItemBrief is an item without its timeline, its checks and its measures: what a list of
// many shows.
type ItemBrief struct {
	ItemID       string       `json:"item_id" example:"0198f7a0-0000-7000-8000-000000000002"`
	Filename     string       `json:"filename" example:"mug.jpg"`
	Status       string       `json:"status" enum:"created,uploaded,queued,processing,completed,failed,cancelled" example:"completed"`
	SceneIndex   int          `json:"scene_index" example:"0"`
	SceneType    string       `json:"scene_type" example:"studio"`
	SKU          *string      `json:"sku" example:"CHAIR-04"`
	ErrorCode    *string      `json:"error_code" doc:"Why it failed, or why its photo was refused while it waits for another; else null"`
	ErrorMessage *string      `json:"error_message"`
	Review       *string      `json:"review" enum:"pending,approved,rejected" doc:"null: nobody has to look, and nobody did"`
	ReviewReason *string      `json:"review_reason"`
	Concern      string       `json:"concern,omitempty" doc:"The kind of the gravest concern about its cut-out, as in its concerns; absent where there is none" example:"frame"`
	DecidedBy    string       `json:"decided_by,omitempty" doc:"Who approved or rejected it; absent where that is not known" example:"Grace"`
	ByGuest      bool         `json:"by_guest,omitempty" doc:"It was approved or rejected by a share link" example:"true"`
	Comments     int          `json:"comments,omitempty" doc:"How many were written about it; absent where there are none" example:"2"`
	Confidence   *float64     `json:"confidence" doc:"Of the cut-out, 0 to 1"`
	Enlarged     float64      `json:"enlarged,omitempty" doc:"The product's pixels in the picture for one of the photo's, where that is above 2 and looks soft" example:"3.4"`
	RemakeOf     *string      `json:"remake_of" doc:"The finished item that this one makes again, and whose place it takes once it is completed; null: none"`
	SupersededBy *string      `json:"superseded_by" doc:"The item whose picture counts in the place of this one's; null: its own does"`
	Waiting      *Waiting     `json:"waiting,omitempty" doc:"What a queued item waits for beside its turn; absent where that is all"`
	RetryOf      *string      `json:"retry_of"`
	RetriedBy    *string      `json:"retried_by" doc:"The item that counts in its place"`
	LeftOut      bool         `json:"left_out,omitempty" doc:"It failed and was left out: it counts as cancelled in its job" example:"false"`
	Photo        *string      `json:"photo" doc:"Changes when the photo does, for caches of its thumbnail; null: it has not come yet" example:"b81e07f4"`
	Picture      *string      `json:"picture" doc:"Changes when the finished picture does, for caches of its thumbnail; null: there is none" example:"3f9a2c1d"`
	Variants     VariantCount `json:"variants"`
	Rejected     []string     `json:"rejected" nullable:"false" doc:"The presets whose channel refuses the variant" example:"[\"amazon_main\"]"`
	UpdatedAt    time.Time    `json:"updated_at" example:"2026-11-27T09:30:05Z"`
}

// VariantCount counts an item's variants.
type VariantCount struct {
	Total  int `json:"total" example:"6"`
	Open   int `json:"open" doc:"Not made yet" example:"0"`
	Failed int `json:"failed" example:"0"`
}

// ItemPage is a page of a job's items, in the order of its request.
type ItemPage struct {
	Items      []ItemBrief `json:"items" nullable:"false"`
	NextCursor *string     `json:"next_cursor" doc:"The cursor of the next page; null on the last"`
	AsOf       time.Time   `json:"as_of" doc:"Ask with it as changed_since for what changed after this answer; some of what it holds comes twice" example:"2026-11-27T09:30:05Z"`
}

// JobPage is a page of a tenant's jobs, newest first.
type JobPage struct {
	Jobs       []JobSummary `json:"jobs" nullable:"false"`
	NextCursor *string      `json:"next_cursor" doc:"The cursor of the next page; null on the last"`
	Pace       Pace         `json:"pace"`
}

// Pace is how long sets of pictures take in this installation, by those that ended lately:
// n pictures take about first_seconds + (n - 1) * each_seconds.
type Pace struct {
	FirstSeconds float64 `json:"first_seconds" doc:"Until the first picture of a set is there" example:"12"`
	EachSeconds  float64 `json:"each_seconds" doc:"For every other picture" example:"4.5"`
	Measured     bool    `json:"measured" doc:"false: nothing was made here yet, and the figures are those that come with OPAL" example:"true"`
}

// FoundItem is an item of a list over all jobs.
type FoundItem struct {
	JobID string `json:"job_id" example:"0198f7a0-0000-7000-8000-000000000001"`
	Item
}

// FoundItemPage is a page of a tenant's items, newest first.
type FoundItemPage struct {
	Items      []FoundItem `json:"items" nullable:"false"`
	NextCursor *string     `json:"next_cursor" doc:"The cursor of the next page; null on the last"`
}

// RetriedItem is the answer to a retry.
type RetriedItem struct {
	JobID   string `json:"job_id" example:"0198f7a0-0000-7000-8000-000000000001"`
	ItemID  string `json:"item_id" doc:"The new item" example:"0198f7a0-0000-7000-8000-000000000003"`
	RetryOf string `json:"retry_of" doc:"The failed item, which stays as it is" example:"0198f7a0-0000-7000-8000-000000000002"`
	Status  string `json:"status" enum:"created,uploaded,queued,processing,completed,failed,cancelled" example:"queued"`
}

// OK is the answer of a call that succeeded and returns nothing else.
type OK struct {
	OK bool `json:"ok" example:"true"`
}

// Deletion is the receipt of a deleted job.
type Deletion struct {
	DeletionID  string     `json:"deletion_id" example:"0198f7a0-0000-7000-8000-000000000004"`
	JobID       string     `json:"job_id" example:"0198f7a0-0000-7000-8000-000000000001"`
	Reason      string     `json:"reason" enum:"request,retention" example:"request"`
	Items       int        `json:"items" example:"3"`
	Variants    int        `json:"variants" example:"12"`
	Files       int64      `json:"files" doc:"Deleted so far" example:"40"`
	Bytes       int64      `json:"bytes" example:"10485760"`
	CreatedAt   time.Time  `json:"created_at" example:"2026-11-27T09:30:00Z"`
	FilesAt     *time.Time `json:"files_at" doc:"When all files that were there had gone"`
	CompletedAt *time.Time `json:"completed_at" doc:"When upload URLs and workers had ended too, and nothing was left"`
}

// DeletionPage is a page of receipts, newest first.
type DeletionPage struct {
	Deletions  []Deletion `json:"deletions" nullable:"false"`
	NextCursor *string    `json:"next_cursor" doc:"The cursor of the next page; null on the last"`
}

// Retention says how long what a tenant has here is kept. Receipts of deleted jobs stay.
type Retention struct {
	JobDays      *int `json:"job_days" doc:"Days after its end that a job is kept, then deleted with its photos, pictures, versions, reviews and comments; null: until somebody deletes it" example:"90"`
	Own          bool `json:"own" doc:"Whether that is a rule of this tenant's, in place of the service's" example:"false"`
	PhotoHours   int  `json:"photo_hours" doc:"Hours that an item waits for its photo, until it is cancelled" example:"24"`
	ImportDays   int  `json:"import_days" doc:"Days after its end that an import is kept with its table" example:"30"`
	CheckDays    int  `json:"check_days" doc:"Days that the result of a check is kept" example:"30"`
	DeliveryDays int  `json:"delivery_days" doc:"Days that deliveries to webhooks are kept" example:"30"`
	ShareDays    int  `json:"share_days" doc:"Days after its end that a share link is kept with its log" example:"90"`
}

// Event is one thing that happened to a job, as the event stream sends it. More types
// are added with time.
type Event struct {
	ID        string          `json:"id" example:"0198f7a0-0000-7000-8000-000000000005"`
	Type      string          `json:"type" doc:"job.created, item.completed, item.needs_review, item.failed, item.cancelled, item.retried, export.completed, job.finished, collection.finished, import.finished, and more" example:"item.completed"`
	TenantID  string          `json:"tenant_id" example:"default"`
	JobID     string          `json:"job_id" doc:"Empty for events of collections and imports, which data names" example:"0198f7a0-0000-7000-8000-000000000001"`
	ItemID    *string         `json:"item_id"`
	Data      json.RawMessage `json:"data"`
	CreatedAt time.Time       `json:"created_at" example:"2026-11-27T09:30:05Z"`
}

// Progress is the state of a job's items, as the event stream's event "progress"
// sends it.
type Progress struct {
	JobID  string         `json:"job_id" example:"0198f7a0-0000-7000-8000-000000000001"`
	Status string         `json:"status" enum:"created,processing,completed,failed,partial,cancelled" example:"processing"`
	Counts Counts         `json:"counts"`
	Items  []ItemProgress `json:"items" nullable:"false"`
}

// ItemProgress is the state of one item.
type ItemProgress struct {
	ItemID  string `json:"item_id" example:"0198f7a0-0000-7000-8000-000000000002"`
	Status  string `json:"status" enum:"created,uploaded,queued,processing,completed,failed,cancelled" example:"processing"`
	Attempt int    `json:"attempt" example:"1"`
	Step    string `json:"step,omitempty" doc:"The last begun" example:"place"`
	State   string `json:"step_status,omitempty" enum:"running,done,failed,reused" example:"running"`
	Error   string `json:"error_code,omitempty" doc:"Why it failed, or why its photo was refused" example:"image_corrupt"`
	Review  string `json:"review,omitempty" enum:"pending,approved,rejected" example:"pending"`
}

// End is the last event of a job's stream.
type End struct {
	JobID  string `json:"job_id" example:"0198f7a0-0000-7000-8000-000000000001"`
	Status string `json:"status" enum:"completed,failed,partial,cancelled" example:"completed"`
}
