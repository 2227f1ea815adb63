// Package removebg cuts products out with the remove.bg API (version 1.0): a
// multipart form in, a PNG out. See https://www.remove.bg/api.
package removebg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/matte"
	"github.com/opal-photo/opal/modules/pipeline/remote"
)

const (
	// DefaultURL is the service's address.
	DefaultURL = "https://api.remove.bg"
	path       = "/v1.0/removebg"

	// maxPixels makes a PNG of at most 24 MB, noise included, which the decoder
	// takes. The service would return 10 megapixels.
	maxPixels = 6_000_000
	// defaultTimeout is ten times what it usually takes.
	defaultTimeout = time.Minute

	// unknownForeground is the code of a photo in which nothing was found.
	unknownForeground = "unknown_foreground"
)

var faults = matte.Faults("remove.bg", "REMOVEBG_API_KEY")

// Options configure a Cutter.
type Options struct {
	URL, Key string
	Decoder  pipeline.Decoder
	// Second gives the confidence: the service has none.
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
		Client: remote.New(remote.Options{Name: "removebg", Faults: faults, Code: errorCode, Timeout: o.Timeout, Tries: o.Tries,
			MaxResponse: o.MaxResponse, Transport: o.Transport}),
	}
}

// Cut sends the photo, at most 6 megapixels of it, and brings the answer's
// coverage to its size. A photo in which the service finds nothing stays whole.
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
		remote.Field("size", "auto"), // the largest that the photo and the credits allow
		remote.Field("format", "png"),
		remote.Field("type", "product"),
	)
	if err != nil {
		return pipeline.Cutout{}, err
	}
	var answer []byte
	err = c.Do(ctx, remote.Call{
		Build: func(ctx context.Context) (*http.Request, error) {
			r, err := form.Post(ctx, c.url)
			if err != nil {
				return nil, err
			}
			r.Header.Set("X-Api-Key", c.key)
			r.Header.Set("Accept", "image/png")
			return r, nil
		},
		Read: func(_ http.Header, body io.Reader) (err error) {
			if answer, err = io.ReadAll(body); err != nil {
				return err
			}
			return c.finisher.Inspect(photo, answer)
		},
	})
	if nothingThere(err) {
		return matte.Whole(photo, matte.NothingFound), nil
	}
	if err != nil {
		return pipeline.Cutout{}, fmt.Errorf("cut out with remove.bg: %w", remote.Hold(err, faults))
	}
	return c.finisher.Finish(ctx, photo, answer, matte.Alpha, -1)
}

// nothingThere tells a photo without a product from one that is refused.
func nothingThere(err error) bool {
	f, ok := fault.As(err)
	return ok && errors.Is(err, faults.Rejected) && strings.HasSuffix(f.Detail(), unknownForeground)
}

// errorCode reads {"errors":[{"code":"…"}]}.
func errorCode(body []byte) string {
	var p struct {
		Errors []struct {
			Code string `json:"code"`
		} `json:"errors"`
	}
	if json.Unmarshal(body, &p) != nil || len(p.Errors) == 0 {
		return ""
	}
	return p.Errors[0].Code
}
