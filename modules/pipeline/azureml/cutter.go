package azureml

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/answer"
)

// CutRequest is the body of a cut-out endpoint's POST.
type CutRequest struct {
	ImageBytes  []byte `json:"image_bytes_b64"` // JPEG, sRGB, upright
	ContentType string `json:"content_type"`    // image/jpeg
}

// CutResponse is the body of a 200.
type CutResponse struct {
	// AlphaBytes is a PNG with the picture's proportions: grey, white where the
	// product is, grey where it shares a pixel with the background. All black
	// when there is none.
	AlphaBytes []byte `json:"alpha_bytes_b64"`
	// Confidence is the chance that the outline is right, 0–1; absent when the
	// model gives none.
	Confidence *float64 `json:"confidence,omitempty"`
	Meta       CutMeta  `json:"meta"`
}

// CutMeta tells what made a cut-out.
type CutMeta struct {
	Engine        string `json:"engine"`
	EngineVersion string `json:"engine_version,omitempty"`
}

// maxCutPixels keeps a request near 1 MB: managed endpoints fail on large bodies.
// The edge is looked for in the photo again.
const maxCutPixels = 1_500_000

// cutFaults are the errors of the cut-out contract, which has no 402.
var cutFaults = func() egress.Faults {
	f := answer.Faults("The cut-out endpoint", "CUTOUT_ENDPOINT_KEY, or the identity's role on the endpoint")
	f.Unpaid = f.Rejected
	return f
}()

// CutterOptions configure a Cutter. Options' URL needs its path.
type CutterOptions struct {
	Options
	Decoder pipeline.Decoder
	// Second gives the confidence where the model has none.
	Second pipeline.Cutter
}

// Cutter cuts products out with a model on a managed online endpoint that
// follows the contract of ml/contract. It is a pipeline.Cutter.
type Cutter struct {
	*egress.Client
	url      string
	token    TokenFunc
	finisher answer.Finisher
}

// NewCutter returns a cutter. It makes no call. Error: ErrOptions.
func NewCutter(o CutterOptions) (*Cutter, error) {
	u, err := url.Parse(o.URL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, ErrOptions.With("CUTOUT_ENDPOINT_URL must be an absolute http or https URL")
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = scorePath
	}
	token := o.token()
	if token == nil {
		return nil, ErrOptions.With("neither CUTOUT_ENDPOINT_KEY nor an identity is given")
	}
	if o.MaxResponse == 0 {
		o.MaxResponse = imaging.MaxBytes * 4 / 3 // as base64
	}
	return &Cutter{
		url: u.String(), token: token, finisher: answer.Finisher{Decoder: o.Decoder, Second: o.Second, Bad: cutFaults.BadResponse},
		Client: egress.New(egress.Options{Name: "cutout", Faults: cutFaults, Timeout: o.Timeout, Tries: o.Tries, MaxResponse: o.MaxResponse, Transport: o.Transport}),
	}, nil
}

// Cut sends the photo, at most 1.5 megapixels of it, and brings the answer's
// coverage to its size.
//
// Errors: those of answer.Faults, or the context's error.
func (c *Cutter) Cut(ctx context.Context, photo *image.NRGBA) (pipeline.Cutout, error) {
	if out, known := answer.Unasked(photo); known {
		return out, nil
	}
	picture, err := answer.JPEG(photo, maxCutPixels)
	if err != nil {
		return pipeline.Cutout{}, err
	}
	body, err := json.Marshal(CutRequest{ImageBytes: picture, ContentType: imaging.JPEG.MediaType()})
	if err != nil {
		return pipeline.Cutout{}, fmt.Errorf("encode the cut-out's request: %w", err)
	}
	var res CutResponse
	err = c.Do(ctx, egress.Call{
		Build: func(ctx context.Context) (*http.Request, error) {
			return post(ctx, c.url, c.token, body, cutFaults.Unavailable, ErrOptions)
		},
		Read: func(_ http.Header, body io.Reader) error {
			res = CutResponse{}
			if err := egress.JSON(body, &res); err != nil {
				return err
			}
			if p := res.Confidence; p != nil && !(*p >= 0 && *p <= 1) {
				return cutFaults.BadResponse.With("its confidence is not within 0 and 1")
			}
			return c.finisher.Inspect(photo, res.AlphaBytes)
		},
	})
	if err != nil {
		return pipeline.Cutout{}, fmt.Errorf("cut out with the endpoint: %w", egress.Hold(err, cutFaults))
	}
	confidence := -1.
	if res.Confidence != nil {
		confidence = *res.Confidence
	}
	return c.finisher.Finish(ctx, photo, res.AlphaBytes, cutout.Grey, confidence)
}
