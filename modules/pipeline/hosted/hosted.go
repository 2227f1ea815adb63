// Package hosted cuts products out with background-removal services that take a
// photo in a multipart form and answer with a picture with transparency. A
// service is an API value, in a file of its own.
package hosted

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/answer"
	"github.com/opal-photo/opal/modules/telemetry"
)

// API describes a service.
type API struct {
	Name  string // of the engine, in settings and metrics
	title string // the service's own name
	url   string
	path  string

	fields []egress.Part // of the form, beside the photo
	accept string
	// code reads the stable code out of an error's body.
	code func(body []byte) string
	// nothing is the code of a photo in which the service finds no product; "" for
	// a service that answers those with an empty picture.
	nothing string
	// confidence reads it from the answer's headers, 0–1; below 0 when there is
	// none. nil for a service that gives none.
	confidence func(http.Header) float64
	faults     egress.Faults
}

const (
	// maxPixels makes a PNG of at most 24 MB, noise included, which the decoder
	// takes. The services would return larger ones.
	maxPixels = 6_000_000
	// defaultTimeout is ten times what the services usually take.
	defaultTimeout = time.Minute
)

// Options configure a Cutter.
type Options struct {
	URL     string // of the service, without the API's path; "": its own
	Key     string
	Decoder pipeline.Decoder
	// Second gives the confidence where the service has none.
	Second pipeline.Cutter
	// Timeout, Tries, MaxResponse and Transport are as in egress.Options.
	Timeout     time.Duration
	Tries       int
	MaxResponse int64
	Transport   http.RoundTripper
}

// Cutter is a pipeline.Cutter.
type Cutter struct {
	*egress.Client
	api      API
	url, key string
	finisher answer.Finisher
}

// New returns a cutter on a service. It makes no call.
func New(api API, o Options) *Cutter {
	if o.URL == "" {
		o.URL = api.url
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.MaxResponse == 0 {
		o.MaxResponse = imaging.MaxBytes
	}
	return &Cutter{
		api: api, url: strings.TrimRight(o.URL, "/") + api.path, key: o.Key,
		finisher: answer.Finisher{Decoder: o.Decoder, Second: o.Second, Bad: api.faults.BadResponse},
		Client: egress.New(egress.Options{Name: api.Name, Faults: api.faults, Code: api.code, Timeout: o.Timeout, Tries: o.Tries,
			MaxResponse: o.MaxResponse, Transport: o.Transport}),
	}
}

// Cut sends the photo, at most 6 megapixels of it, and brings the answer's
// coverage to its size. A photo in which the service finds nothing stays whole.
//
// Errors: those of answer.Faults, or the context's error.
func (c *Cutter) Cut(ctx context.Context, photo *image.NRGBA) (pipeline.Cutout, error) {
	if out, known := answer.Unasked(photo); known {
		return out, nil
	}
	form, err := c.form(photo)
	if err != nil {
		return pipeline.Cutout{}, err
	}
	telemetry.Log(ctx).Info().Str("service_name", c.api.title).Msg("Calling cut-out service")
	var picture []byte
	confidence := -1.
	err = c.Do(ctx, egress.Call{
		Build: func(ctx context.Context) (*http.Request, error) {
			r, err := form.Post(ctx, c.url)
			if err != nil {
				return nil, err
			}
			r.Header.Set("X-Api-Key", c.key)
			r.Header.Set("Accept", c.api.accept)
			return r, nil
		},
		Read: func(h http.Header, body io.Reader) (err error) {
			if picture, err = io.ReadAll(body); err != nil {
				return err
			}
			if c.api.confidence != nil {
				confidence = c.api.confidence(h)
			}
			return c.finisher.Inspect(photo, picture)
		},
	})
	if c.foundNothing(err) {
		return answer.Whole(photo, cutout.NothingFound), nil
	}
	if err != nil {
		return pipeline.Cutout{}, fmt.Errorf("cut out with %s: %w", c.api.title, egress.Hold(err, c.api.faults))
	}
	return c.finisher.Finish(ctx, photo, picture, cutout.Alpha, confidence)
}

// form is the request's body.
func (c *Cutter) form(photo *image.NRGBA) (*egress.Form, error) {
	picture, err := answer.JPEG(photo, maxPixels)
	if err != nil {
		return nil, err
	}
	file := egress.Part{Name: "image_file", Filename: "photo.jpg", ContentType: imaging.JPEG.MediaType(), Data: picture}
	return egress.NewForm(append([]egress.Part{file}, c.api.fields...)...)
}

// foundNothing tells a photo without a product from one that is refused.
func (c *Cutter) foundNothing(err error) bool {
	f, ok := fault.As(err)
	return ok && c.api.nothing != "" && errors.Is(err, c.api.faults.Rejected) && strings.HasSuffix(f.Detail(), c.api.nothing)
}
