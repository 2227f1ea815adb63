package azureml

import (
	"cmp"
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
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/answer"
	"github.com/opal-photo/opal/modules/score"
)

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
	sent, err := answer.JPEG(photo, score.MaxCutPixels)
	if err != nil {
		return pipeline.Cutout{}, err
	}
	body, err := json.Marshal(score.CutRequest{ImageBytes: sent, ContentType: imaging.JPEG.MediaType()})
	if err != nil {
		return pipeline.Cutout{}, fmt.Errorf("encode the cut-out's request: %w", err)
	}
	var res score.CutResponse
	err = c.Do(ctx, egress.Call{
		Build: func(ctx context.Context) (*http.Request, error) {
			return post(ctx, c.url, c.token, body, cutFaults.Unavailable, ErrOptions)
		},
		Read: func(_ http.Header, body io.Reader) error {
			res = score.CutResponse{}
			if err := egress.JSON(body, &res); err != nil {
				return err
			}
			if p := res.Confidence; p != nil && !(*p >= 0 && *p <= 1) {
				return cutFaults.BadResponse.With("its confidence is not within 0 and 1")
			}
			if len(res.LogitsBytes) > 0 {
				if err := c.finisher.Inspect(photo, res.LogitsBytes); err != nil {
					return err
				}
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
	out, err := c.finisher.Finish(ctx, photo, res.AlphaBytes, cutout.Grey, confidence)
	if err != nil || out.Whole {
		return out, err
	}
	info, err := imaging.Inspect(sent)
	if err != nil {
		return out, fmt.Errorf("read the picture that was sent: %w", err)
	}
	out.Reason = cmp.Or(clipped(res.Reason), out.Reason)
	out.Concerns = concerns(res.Concerns, image.Pt(info.Width, info.Height), photo.Rect.Size())
	if len(res.LogitsBytes) > 0 {
		out.Logits, err = c.finisher.Grey(ctx, photo, res.LogitsBytes)
	}
	return out, err
}

// Bounds of what a service says for people.
const (
	maxConcerns = 20
	maxText     = 300 // bytes
)

// clipped returns a text of at most maxText bytes.
func clipped(text string) string {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	return text
}

// concerns brings a service's concerns from the picture that it was sent to the photo.
// Those without words, or with a box outside the picture, are left out.
func concerns(all []picture.Concern, from, to image.Point) (kept []picture.Concern) {
	for _, c := range all {
		if c.Text = clipped(c.Text); c.Text == "" || len(kept) == maxConcerns {
			continue
		}
		c.Kind = clipped(c.Kind)
		if c.Box != (picture.Box{}) {
			if c.Box = scaled(c.Box, from, to); c.Box.Empty() {
				continue
			}
		}
		kept = append(kept, c)
	}
	return kept
}

// scaled returns the box in a picture of another size: all pixels that it touches.
func scaled(b picture.Box, from, to image.Point) picture.Box {
	inside := func(at, most int) int { return min(max(at, 0), most) }
	x0, x1 := inside(b[0], from.X), inside(b[0]+inside(b[2], from.X), from.X)
	y0, y1 := inside(b[1], from.Y), inside(b[1]+inside(b[3], from.Y), from.Y)
	up := func(v, from, to int) int { return (v*to + from - 1) / from }
	return picture.BoxOf(image.Rectangle{
		Min: image.Pt(x0*to.X/from.X, y0*to.Y/from.Y), Max: image.Pt(up(x1, from.X, to.X), up(y1, from.Y, to.Y)),
	})
}
