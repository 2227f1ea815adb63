package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Stroke is a line that a person painted over a photo, or with one point a dot.
type Stroke struct {
	Points [][2]float64 `json:"points" nullable:"false" minItems:"1" maxItems:"2000" doc:"x and y of each point, in pixels of the upright photo" example:"[[512,300],[540,320]]"`
	Radius float64      `json:"radius,omitempty" minimum:"0" doc:"Of the brush, in pixels of the photo; left out: one that fits the photo's size" example:"12"`
}

// NewCutout asks for another version of a cut-out: by hints, or with Restore for one
// that is there.
type NewCutout struct {
	TenantID string   `json:"tenant_id,omitempty" nullable:"true" doc:"The tenant; may be left out where the credentials name one" example:"default"`
	Keep     []Stroke `json:"keep,omitempty" nullable:"true" maxItems:"200" doc:"What belongs to the product"`
	Remove   []Stroke `json:"remove,omitempty" nullable:"true" maxItems:"200" doc:"What doesn't, also where a stroke to keep crosses it"`
	Box      *[4]int  `json:"box,omitempty" nullable:"true" doc:"x, y, width and height of a part of the upright photo that holds all of the product" example:"[100,80,600,900]"`
	Restore  int      `json:"restore,omitempty" nullable:"true" minimum:"0" doc:"In place of hints: the version that is to count again" example:"1"`
}

// Cutout is an item's cut-out with its versions.
type Cutout struct {
	JobID    string          `json:"job_id" example:"0198f7a0-0000-7000-8000-000000000001"`
	ItemID   string          `json:"item_id" example:"0198f7a0-0000-7000-8000-000000000002"`
	Version  *int            `json:"version" doc:"The one that counts; null: there is no cut-out yet" example:"2"`
	Versions []CutoutVersion `json:"versions" nullable:"false" doc:"The first first; version 1 is the engine's"`
}

// The states of a version.
const (
	VersionQueued     = "queued"
	VersionProcessing = "processing"
	VersionCompleted  = "completed"
	VersionFailed     = "failed"
)

// CutoutVersion is one version of a cut-out.
type CutoutVersion struct {
	Version      int        `json:"version" example:"2"`
	Status       string     `json:"status" enum:"queued,processing,completed,failed" example:"completed"`
	Current      bool       `json:"current" doc:"It is the item's cut-out" example:"true"`
	Base         *int       `json:"base" doc:"The version that its hints are about; null: the engine's own" example:"1"`
	Keep         []Stroke   `json:"keep,omitempty"`
	Remove       []Stroke   `json:"remove,omitempty"`
	Box          *[4]int    `json:"box,omitempty"`
	CutoutURL    *string    `json:"cutout_url" format:"uri" doc:"Short-lived, of the RGBA PNG; null until it is completed"`
	ErrorCode    *string    `json:"error_code" doc:"Why it failed, stable; null unless it did"`
	ErrorMessage *string    `json:"error_message" doc:"Why it failed, for people"`
	CreatedAt    time.Time  `json:"created_at" example:"2026-11-27T09:30:00Z"`
	EndedAt      *time.Time `json:"ended_at"`
}

// Open returns the version that is being made; nil when none is.
func (c Cutout) Open() *CutoutVersion {
	for i, v := range c.Versions {
		if v.Status == VersionQueued || v.Status == VersionProcessing {
			return &c.Versions[i]
		}
	}
	return nil
}

// Cutout returns an item's cut-out with its versions. While a version is being made it
// waits for it, at most as long as wait, which is up to 30 s.
func (c *Client) Cutout(ctx context.Context, jobID, itemID string, wait time.Duration) (Cutout, error) {
	return get[Cutout](ctx, c, path("jobs", jobID, "items", itemID, "cutout"), waiting(wait))
}

// ChangeCutout has another version of an item's cut-out made, free of charge, and waits
// for it as Cutout does.
func (c *Client) ChangeCutout(ctx context.Context, jobID, itemID string, ch NewCutout, wait time.Duration) (Cutout, error) {
	return call[Cutout](ctx, c, http.MethodPost, path("jobs", jobID, "items", itemID, "cutout"), waiting(wait), ch, NewIdempotencyKey())
}

func waiting(d time.Duration) url.Values {
	if d <= 0 {
		return nil
	}
	return url.Values{"wait": {strconv.Itoa(int(d.Seconds()))}}
}
