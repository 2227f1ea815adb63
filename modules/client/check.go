package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// NewPictureCheck asks for a picture to be held against channels' rules.
type NewPictureCheck struct {
	Filename string // the picture's, for rules on names
	Picture  []byte
	Mask     []byte // of the picture's size, white or opaque where the product is; nil: the product is looked for

	Channels []string // by name; with Presets empty, too: all
	Presets  []string
	Slot     string // the picture's place in a listing, such as MAIN
	Category string // of the product, such as clothing
	AsOf     string // the day whose rules count, such as 2027-01-31; "": today
}

// PictureCheck is a picture that was sent to be held against channels' rules.
type PictureCheck struct {
	CheckID      string          `json:"check_id" example:"0198f7a0-0000-7000-8000-00000000000b"`
	Status       string          `json:"status" enum:"queued,processing,completed,failed" doc:"queued, processing: the product is being looked for; failed: the picture could not be checked" example:"completed"`
	Filename     string          `json:"filename" example:"mug.jpg"`
	AsOf         string          `json:"as_of" format:"date" doc:"The day whose rules count" example:"2026-11-28"`
	Verdict      *string         `json:"verdict" enum:"passed,unsure,warned,rejected" doc:"The worst of the presets'; null until it is completed" example:"passed"`
	Format       string          `json:"format" doc:"jpeg, webp, png, avif, heic or tiff; empty until it is completed" example:"jpeg"`
	Width        int             `json:"width" doc:"Pixels of the upright picture; 0 until it is completed" example:"2000"`
	Height       int             `json:"height" example:"2000"`
	Bytes        int             `json:"bytes" example:"412345"`
	Product      *LocatedProduct `json:"product" doc:"Where the product is; null where no rule asked for it"`
	Presets      []PresetVerdict `json:"presets" nullable:"false"`
	ErrorCode    *string         `json:"error_code"`
	ErrorMessage *string         `json:"error_message"`
	CreatedAt    time.Time       `json:"created_at"`
	EndedAt      *time.Time      `json:"ended_at"`
	ExpiresAt    time.Time       `json:"expires_at" doc:"When the result is deleted. The picture is deleted when the check ends."`
}

// Open reports whether a worker has yet to end the check.
func (c PictureCheck) Open() bool { return c.Status == "queued" || c.Status == "processing" }

// LocatedProduct says where the product is in a picture and how it was found.
type LocatedProduct struct {
	FoundBy    string  `json:"found_by" doc:"mask: yours; alpha: the picture's own transparency; cutter: it was cut out" example:"cutter"`
	Confidence float64 `json:"confidence" doc:"0 to 1" example:"0.93"`
	Certain    bool    `json:"certain" doc:"false: rules on which a second look disagrees are unsure" example:"true"`
	Box        [4]int  `json:"box" doc:"x, y, width and height in pixels"`
}

// PresetVerdict is a picture held against one preset.
type PresetVerdict struct {
	Preset  string  `json:"preset" example:"amazon_main"`
	Title   string  `json:"title" example:"Amazon main image"`
	Channel string  `json:"channel" example:"Amazon"`
	Verdict string  `json:"verdict" enum:"passed,unsure,warned,rejected" doc:"rejected: a rule of severity reject is broken; warned: one of severity warn; unsure: the product's place is not certain enough to tell" example:"passed"`
	Checks  []Check `json:"checks" nullable:"false"`
}

// CheckPicture holds a picture against channels' rules. With a mask the answer is
// complete in most cases; else wait for it with PictureCheck. The call is made again,
// under one idempotency key, while the API is busy or not reached.
func (c *Client) CheckPicture(ctx context.Context, n NewPictureCheck) (PictureCheck, error) {
	body, kind, err := n.form(c.o.Tenant)
	if err != nil {
		return PictureCheck{}, err
	}
	return decoded[PictureCheck](ctx, c, http.MethodPost, path("checks"), kind, body, rand.Text(), maxTries)
}

// form writes the request as a multipart form, and its content type.
func (n NewPictureCheck) form(tenant string) (body []byte, kind string, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	text := func(name string, values ...string) {
		for _, v := range values {
			if v != "" && err == nil {
				err = w.WriteField(name, v)
			}
		}
	}
	text("tenant_id", tenant)
	text("channels", n.Channels...)
	text("presets", n.Presets...)
	text("slot", n.Slot)
	text("category", n.Category)
	text("as_of", n.AsOf)
	for _, f := range []struct {
		field, name string
		body        []byte
	}{{"file", n.Filename, n.Picture}, {"mask", "mask.png", n.Mask}} {
		if f.body == nil || err != nil {
			continue
		}
		var part io.Writer
		if part, err = w.CreateFormFile(f.field, f.name); err == nil {
			_, err = part.Write(f.body)
		}
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, "", fmt.Errorf("encode the request: %w", err)
	}
	return b.Bytes(), w.FormDataContentType(), nil
}

// PictureCheck returns a check. The call waits up to wait (at most 30 s) for one that is
// open.
func (c *Client) PictureCheck(ctx context.Context, checkID string, wait time.Duration) (PictureCheck, error) {
	q := url.Values{}
	if s := int(wait / time.Second); s > 0 {
		q.Set("wait", strconv.Itoa(s))
	}
	return get[PictureCheck](ctx, c, path("checks", checkID), q)
}
