package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"mime/multipart"
	"net/http"
)

// Preview is a small picture of what a picture would look like: made now, in the API, by
// OPAL's own scenes, and kept nowhere. A learned engine's picture will differ. Shares are of
// its width and height, from the top left.
type Preview struct {
	SceneType string     `json:"scene_type" example:"kitchen"`
	Image     []byte     `json:"image" doc:"A JPEG, in base64"`
	Width     int        `json:"width" doc:"Pixels" example:"512"`
	Height    int        `json:"height" example:"512"`
	Box       [4]float64 `json:"box" doc:"Where the product is: left, top, width, height" example:"[0.3,0.2,0.4,0.6]"`
	Floor     float64    `json:"floor" doc:"The row that it stands on" example:"0.82"`
	Horizon   float64    `json:"horizon" doc:"The row where the surface ends; 0: seen from above" example:"0.64"`
	Note      string     `json:"note,omitempty" doc:"What of the wishes it doesn't follow, and why"`
	Concerns  []Concern  `json:"concerns" nullable:"false" doc:"What may be wrong with the product's place in the frame, as the finished picture's concerns say it: cropped, tiny, turned"`
}

// ItemPreview is what a finished item's picture would look like otherwise, and cost.
type ItemPreview struct {
	Preview
	UnknownWords []string `json:"unknown_words,omitempty" doc:"Words of scene_prompt that OPAL's own scenes don't know; an engine with a model may heed them" example:"[\"whimsical\"]"`
	Quote        *Quote   `json:"quote,omitempty" doc:"What making it would cost; left out where nothing is charged"`
}

// PhotoPreviews are what a photo's pictures would look like.
type PhotoPreviews struct {
	Previews     []Preview `json:"previews" nullable:"false" doc:"One for each scene, in the order of the request"`
	Found        bool      `json:"found" doc:"false: no product was found before the photo's background, and all of it is shown"`
	UnknownWords []string  `json:"unknown_words,omitempty" doc:"Words of scene_prompt that OPAL's own scenes don't know; an engine with a model may heed them" example:"[\"whimsical\"]"`
}

// PreviewItem shows what Remake would make of a finished item, small, and tells the price.
func (c *Client) PreviewItem(ctx context.Context, jobID, itemID string, n Remake) (ItemPreview, error) {
	return call[ItemPreview](ctx, c, http.MethodPost, path("jobs", jobID, "items", itemID, "preview"), nil, n, NewIdempotencyKey())
}

// PhotoPreview asks what a photo's pictures would look like.
type PhotoPreview struct {
	Filename       string
	Photo          []byte // a small copy: 2 MB and 1,280 pixels at most
	SceneTypes     []string
	BrandProfileID string // "": default
	BrandProfile   []byte // a NewBrandProfile as JSON, in the place of BrandProfileID; may be nil
	ScenePrompt    string
}

// PreviewPhoto shows a photo in scenes before anything is ordered.
func (c *Client) PreviewPhoto(ctx context.Context, n PhotoPreview) (PhotoPreviews, error) {
	fields := [][2]string{{"tenant_id", c.o.Tenant}, {"brand_profile_id", n.BrandProfileID}, {"brand_profile", string(n.BrandProfile)}, {"scene_prompt", n.ScenePrompt}}
	for _, s := range n.SceneTypes {
		fields = append(fields, [2]string{"scene_types", s})
	}
	kind, body, err := formOf(fields, n.Filename, n.Photo)
	if err != nil {
		return PhotoPreviews{}, err
	}
	return decoded[PhotoPreviews](ctx, c, http.MethodPost, path("previews"), kind, body, rand.Text(), maxTries)
}

// formOf is a form of fields that are not empty, with a file in field "file" where its name is not.
func formOf(fields [][2]string, filename string, file []byte) (contentType string, body []byte, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range fields {
		if f[1] != "" && err == nil {
			err = w.WriteField(f[0], f[1])
		}
	}
	if err == nil && filename != "" {
		part, failed := w.CreateFormFile("file", filename)
		if err = failed; err == nil {
			_, err = part.Write(file)
		}
	}
	err = errors.Join(err, w.Close()) // which writes the form's end
	return w.FormDataContentType(), b.Bytes(), err
}
