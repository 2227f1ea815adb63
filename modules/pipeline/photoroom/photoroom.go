// Package photoroom cuts products out with Photoroom's Remove Background API: a
// multipart form in, a PNG out, and how unsure the service is in a header. See
// https://docs.photoroom.com/remove-background-api-basic-plan.
package photoroom

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/matte"
	"github.com/opal-photo/opal/modules/pipeline/remote"
)

const (
	// DefaultURL is the service's address.
	DefaultURL = "https://sdk.photoroom.com"
	path       = "/v1/segment"

	// maxPixels makes a PNG of at most 24 MB, noise included, which the decoder
	// takes. The service would return 36 megapixels.
	maxPixels      = 6_000_000
	defaultTimeout = time.Minute

	// uncertaintyHeader holds 0 (sure) to 1 (unsure), or −1 where the service
	// can't tell.
	uncertaintyHeader = "x-uncertainty-score"
)

var faults = matte.Faults("Photoroom", "PHOTOROOM_API_KEY")

// Options configure a Cutter.
type Options struct {
	URL, Key string
	Decoder  pipeline.Decoder
	// Second gives the confidence where the service has none.
	Second pipeline.Cutter
	// Timeout, Tries, MaxResponse and Transport are remote.Options'.
	Timeout     time.Duration
	Tries       int
	MaxResponse int64
	Transport   http.RoundTripper
}

// Cutter is a pipeline.Cutter.
type Cutter struct {
	*remote.Client
	url, key string
	finisher matte.Finisher
}

// New returns a cutter. It makes no call.
func New(o Options) *Cutter {
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.MaxResponse == 0 {
		o.MaxResponse = imaging.MaxBytes
	}
	return &Cutter{
		url: strings.TrimRight(o.URL, "/") + path, key: o.Key,
		finisher: matte.Finisher{Decoder: o.Decoder, Second: o.Second, Bad: faults.BadResponse},
		Client: remote.New(remote.Options{Name: "photoroom", Faults: faults, Code: errorCode, Timeout: o.Timeout, Tries: o.Tries,
			MaxResponse: o.MaxResponse, Transport: o.Transport}),
	}
}

// Cut sends the photo, at most 6 megapixels of it, and brings the answer's
// coverage to its size. Confidence is 1 less the service's uncertainty.
//
// Errors: those of matte.Faults, or the context's.
func (c *Cutter) Cut(ctx context.Context, photo *image.NRGBA) (pipeline.Cutout, error) {
	if out, small := matte.TooSmall(photo); small {
		return out, nil
	}
	picture, err := matte.JPEG(photo, maxPixels)
	if err != nil {
		return pipeline.Cutout{}, err
	}
	form, err := remote.NewForm(
		remote.Part{Name: "image_file", Filename: "photo.jpg", ContentType: "image/jpeg", Data: picture},
		remote.Field("format", "png"), remote.Field("channels", "rgba"), remote.Field("size", "full"), remote.Field("crop", "false"),
	)
	if err != nil {
		return pipeline.Cutout{}, err
	}
	var answer []byte
	confidence := -1.
	err = c.Do(ctx, remote.Call{
		Build: func(ctx context.Context) (*http.Request, error) {
			r, err := form.Post(ctx, c.url)
			if err != nil {
				return nil, err
			}
			r.Header.Set("x-api-key", c.key)
			r.Header.Set("Accept", "image/png, application/json")
			return r, nil
		},
		Read: func(h http.Header, body io.Reader) (err error) {
			if answer, err = io.ReadAll(body); err != nil {
				return err
			}
			confidence = sureness(h.Get(uncertaintyHeader))
			return c.finisher.Inspect(photo, answer)
		},
	})
	if err != nil {
		return pipeline.Cutout{}, fmt.Errorf("cut out with Photoroom: %w", remote.Hold(err, faults))
	}
	return c.finisher.Finish(ctx, photo, answer, matte.Alpha, confidence)
}

// sureness is 1 less the uncertainty; −1 when there is none.
func sureness(header string) float64 {
	u, err := strconv.ParseFloat(header, 64)
	if err != nil || !(u >= 0 && u <= 1) {
		return -1
	}
	return 1 - u
}

// errorCode reads {"type":"…"}. Other forms of the service's errors hold free
// text alone.
func errorCode(body []byte) string {
	var p struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(body, &p) != nil {
		return ""
	}
	return p.Type
}
