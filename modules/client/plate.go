package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"time"
)

// PlateAbout is what is known of a plate. Shares are of its width and height, from the
// top left.
type PlateAbout struct {
	Horizon    float64    `json:"horizon" doc:"The row where the floor ends" example:"0.55"`
	Floor      [4]float64 `json:"floor" doc:"Where products may stand: left, top, right, bottom" example:"[0,0.58,1,1]"`
	LightAngle float64    `json:"light_angle" doc:"Where the light comes from, in degrees seen from above: 0 the viewer's side, 90 the right, 180 behind, 270 the left" example:"300"`
	Softness   float64    `json:"softness" doc:"Of the light: 0 of bare sun, 1 of a large soft light" example:"0.6"`
	Reflection float64    `json:"reflection" doc:"How much the floor mirrors, 0 to 1" example:"0"`
	FrameMM    float64    `json:"frame_mm" doc:"How many millimetres of the floor the lower edge shows; estimated by the horizon, as if a camera looked at a table; 0: not known" example:"900"`
}

// Plate is a photograph of your own set or place, in which products are stood.
type Plate struct {
	PlateID   string     `json:"plate_id" example:"0198f7a0-0000-7000-8000-00000000000d"`
	SceneType string     `json:"scene_type" doc:"What an item's scene_types name it by" example:"plate:0198f7a0-0000-7000-8000-00000000000d"`
	Name      string     `json:"name" example:"Oak table by the window"`
	Filename  string     `json:"filename" example:"table.jpg"`
	Width     int        `json:"width" doc:"Pixels" example:"3072"`
	Height    int        `json:"height" example:"2048"`
	Bytes     int64      `json:"bytes" example:"1830000"`
	URL       string     `json:"url" format:"uri" doc:"Of the photograph, for 15 minutes" example:"https://store.example/raw/default/plates/p.jpg?sig=x"`
	About     PlateAbout `json:"about" doc:"What is estimated of it, as it was corrected"`
	Guess     PlateAbout `json:"guess" doc:"What was estimated"`
	Notes     []string   `json:"notes,omitempty" doc:"What to look at before products are stood in it, such as an end of the floor that was not found" example:"[]"`
	CreatedAt time.Time  `json:"created_at" example:"2026-11-27T09:30:00Z"`
	UpdatedAt time.Time  `json:"updated_at" example:"2026-11-27T09:30:00Z"`
}

// PlateList lists a tenant's plates, the newest first.
type PlateList struct {
	Plates []Plate `json:"plates" nullable:"false"`
}

// PlateCorrection says what is otherwise than was estimated. What is left out stays.
type PlateCorrection struct {
	TenantID   string      `json:"tenant_id,omitempty" nullable:"true" doc:"The tenant; may be left out where the credentials name one" example:"default"`
	Name       *string     `json:"name,omitempty" nullable:"true" doc:"1 to 120 characters" example:"Oak table by the window"`
	Horizon    *float64    `json:"horizon,omitempty" nullable:"true" doc:"The row where the floor ends, 0 to 0.95. The floor begins as far below it as before, and frame_mm is estimated anew, as far as nobody has set them" example:"0.55"`
	Floor      *[4]float64 `json:"floor,omitempty" nullable:"true" doc:"Where products may stand: left, top, right, bottom" example:"[0,0.58,1,1]"`
	LightAngle *float64    `json:"light_angle,omitempty" nullable:"true" doc:"0 to 360" example:"300"`
	Softness   *float64    `json:"softness,omitempty" nullable:"true" doc:"0 to 1" example:"0.6"`
	Reflection *float64    `json:"reflection,omitempty" nullable:"true" doc:"0 to 1" example:"0"`
	FrameMM    *float64    `json:"frame_mm,omitempty" nullable:"true" doc:"10 to 50,000 millimetres" example:"900"`
	Reset      []string    `json:"reset,omitempty" nullable:"true" maxItems:"6" doc:"Fields that go back to what was estimated: horizon, floor, light_angle, softness, reflection, frame_mm" example:"[\"floor\"]"`
}

// Remake asks for a finished item's picture again, with other wishes.
type Remake struct {
	TenantID    string    `json:"tenant_id,omitempty" nullable:"true" doc:"The tenant; may be left out where the credentials name one" example:"default"`
	SceneType   string    `json:"scene_type,omitempty" nullable:"true" minLength:"1" doc:"A name from GET /v1/scenes, colour:#rrggbb, gradient:#rrggbb-#rrggbb, plate:ID or crop_original; left out: as it was. Another one for an item that failed because its plate was deleted" example:"kitchen"`
	ScenePrompt *string   `json:"scene_prompt,omitempty" nullable:"true" maxLength:"2000" doc:"Words for the scene; left out: as they were" example:"morning light"`
	Steering    *Steering `json:"steering,omitempty" doc:"Over what was wished of the item before"`
	Fresh       bool      `json:"fresh,omitempty" nullable:"true" doc:"Nothing that was wished of the item before is kept: steering is all that is wished" example:"true"`
}

// RemadeItem is the item that makes a finished item's picture again.
type RemadeItem struct {
	JobID        string   `json:"job_id" example:"0198f7a0-0000-7000-8000-000000000001"`
	ItemID       string   `json:"item_id" doc:"The new item" example:"0198f7a0-0000-7000-8000-000000000003"`
	RemakeOf     string   `json:"remake_of" doc:"The item whose picture is made again" example:"0198f7a0-0000-7000-8000-000000000002"`
	Status       string   `json:"status" example:"queued"`
	Alike        bool     `json:"alike,omitempty" doc:"A picture with the same scene, words and wishes was on its way already: item_id makes it, and nothing more is made or charged" example:"false"`
	UnknownWords []string `json:"unknown_words,omitempty" doc:"Words of scene_prompt that OPAL's own scenes don't know; an engine with a model may heed them" example:"[\"whimsical\"]"`
}

// NewPlate is a photograph that becomes a plate.
type NewPlate struct {
	Name     string // for people; "": the file's name
	Filename string
	Photo    []byte
}

// CreatePlate brings a photograph as a background. It is made once, even when the client
// repeats the call.
func (c *Client) CreatePlate(ctx context.Context, n NewPlate) (Plate, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	var err error
	for _, f := range [][2]string{{"tenant_id", c.o.Tenant}, {"name", n.Name}} {
		if f[1] != "" && err == nil {
			err = w.WriteField(f[0], f[1])
		}
	}
	var part io.Writer
	if err == nil {
		part, err = w.CreateFormFile("file", n.Filename)
	}
	if err == nil {
		_, err = part.Write(n.Photo)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		return Plate{}, err
	}
	return decoded[Plate](ctx, c, http.MethodPost, path("plates"), w.FormDataContentType(), b.Bytes(), rand.Text(), maxTries)
}

// PutBrandLogo brings a brand's logo.
func (c *Client) PutBrandLogo(ctx context.Context, id, filename string, logo []byte) (BrandProfile, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	var err error
	if c.o.Tenant != "" {
		err = w.WriteField("tenant_id", c.o.Tenant)
	}
	var part io.Writer
	if err == nil {
		part, err = w.CreateFormFile("file", filename)
	}
	if err == nil {
		_, err = part.Write(logo)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		return BrandProfile{}, err
	}
	return decoded[BrandProfile](ctx, c, http.MethodPut, path("brand-profiles", id, "logo"), w.FormDataContentType(), b.Bytes(), "", maxTries)
}

// NewPlateUpload asks where the photograph of a plate to be can be PUT.
type NewPlateUpload struct {
	TenantID string `json:"tenant_id,omitempty" nullable:"true" doc:"The tenant; may be left out where the credentials name one" example:"default"`
	Filename string `json:"filename" minLength:"1" maxLength:"255" doc:"The photograph's" example:"table.jpg"`
	Name     string `json:"name,omitempty" nullable:"true" minLength:"1" doc:"For people, 1 to 120 characters; left out: the file's name" example:"Oak table by the window"`
}

// PlateUpload is where the photograph of a plate to be is PUT.
type PlateUpload struct {
	PlateID   string `json:"plate_id" example:"0198f7a0-0000-7000-8000-00000000000d"`
	SceneType string `json:"scene_type" doc:"What an item's scene_types name it by, once it is completed" example:"plate:0198f7a0-0000-7000-8000-00000000000d"`
	UploadURL string `json:"upload_url" format:"uri" doc:"PUT the photograph here, with the header x-ms-blob-type: BlockBlob; it works for 15 minutes" example:"https://store.example/raw/default/plates/p.upload?sig=x"`
}

// PlateUpload asks where the photograph of a plate to be can be PUT.
func (c *Client) PlateUpload(ctx context.Context, n NewPlateUpload) (PlateUpload, error) {
	return call[PlateUpload](ctx, c, http.MethodPost, path("plates", "uploads"), nil, n, NewIdempotencyKey())
}

// CompletePlate says that a plate's photograph has been PUT. Repeated, it returns the plate.
func (c *Client) CompletePlate(ctx context.Context, plateID string) (Plate, error) {
	return call[Plate](ctx, c, http.MethodPost, path("plates", plateID, "complete"), nil, nil, NewIdempotencyKey())
}

// UploadPlate brings a photograph as CreatePlate does, and past the API: it asks for a URL,
// PUTs the photograph there and completes the plate.
func (c *Client) UploadPlate(ctx context.Context, n NewPlate) (Plate, error) {
	u, err := c.PlateUpload(ctx, NewPlateUpload{Filename: n.Filename, Name: n.Name})
	if err != nil {
		return Plate{}, err
	}
	if err := c.Put(ctx, u.UploadURL, n.Photo); err != nil {
		return Plate{}, err
	}
	return c.CompletePlate(ctx, u.PlateID)
}

// Plates returns the tenant's plates.
func (c *Client) Plates(ctx context.Context) (PlateList, error) {
	return get[PlateList](ctx, c, path("plates"), nil)
}

// Plate returns a plate.
func (c *Client) Plate(ctx context.Context, plateID string) (Plate, error) {
	return get[Plate](ctx, c, path("plates", plateID), nil)
}

// CorrectPlate changes what is known of a plate.
func (c *Client) CorrectPlate(ctx context.Context, plateID string, n PlateCorrection) (Plate, error) {
	return call[Plate](ctx, c, http.MethodPatch, path("plates", plateID), nil, n, "")
}

// DeletePlate deletes a plate and its photograph, unless items that are not finished name it.
func (c *Client) DeletePlate(ctx context.Context, plateID string) error {
	return c.deletePlate(ctx, plateID, nil)
}

// DeletePlateAnyway deletes a plate and its photograph; items that are not finished and name it
// fail.
func (c *Client) DeletePlateAnyway(ctx context.Context, plateID string) error {
	return c.deletePlate(ctx, plateID, url.Values{"force": {"true"}})
}

func (c *Client) deletePlate(ctx context.Context, plateID string, query url.Values) error {
	_, err := call[OK](ctx, c, http.MethodDelete, path("plates", plateID), query, nil, "")
	return err
}

// Remake makes the picture of a finished item again.
func (c *Client) Remake(ctx context.Context, jobID, itemID string, n Remake) (RemadeItem, error) {
	return call[RemadeItem](ctx, c, http.MethodPost, path("jobs", jobID, "items", itemID, "remake"), nil, n, NewIdempotencyKey())
}
