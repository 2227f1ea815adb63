// Package openai places products with an images-edit endpoint: OpenAI's, or one
// of Azure AI Foundry, which speaks the same. See
// https://platform.openai.com/docs/api-reference/images/createEdit and
// https://learn.microsoft.com/azure/ai-foundry/openai/how-to/dall-e.
package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/telemetry"
)

const (
	// azurePath begins the paths of Azure's endpoints, whose key has a header of
	// its own.
	azurePath = "/openai/"
	// tokenScope is the audience of Azure AI services' tokens.
	tokenScope = "https://cognitiveservices.azure.com/.default"

	// maxResponse holds a PNG of 1536×1024 of noise in base64, and the rest.
	maxResponse = 12 << 20
	// layerQuality keeps a scene free of visible blocks; it is encoded once more
	// as the output.
	layerQuality = 95

	// noQuota is the code of a 429 that waiting does not help.
	noQuota = "insufficient_quota"
)

// Errors of Place.
var (
	errPaused       = fault.New(fault.Unavailable, "placing_paused", "The images-edit endpoint has failed too often; calls are paused and resume by themselves")
	errUnavailable  = fault.New(fault.Unavailable, "placing_unavailable", "The images-edit endpoint can't be reached or failed")
	errBusy         = fault.New(fault.RateLimited, "placing_busy", "The images-edit endpoint is busy")
	errBadResponse  = fault.New(fault.Unavailable, "placing_bad_response", "The images-edit endpoint answered with something that is no picture")
	errTooLarge     = fault.New(fault.Invalid, "placing_response_too_large", "The images-edit endpoint's answer is too large")
	errUnauthorized = fault.New(fault.Invalid, "placing_unauthorized", "The images-edit endpoint refused the credentials; check PLACE_ENDPOINT_KEY, or the identity's role on the resource")
	errUnpaid       = fault.New(fault.Invalid, "placing_unpaid", "The account of PLACE_ENDPOINT_KEY has no credit left; top it up")
	errRejected     = fault.New(fault.Invalid, "placing_rejected", "The images-edit endpoint refused the request; try another prompt")
	// ErrOptions: New was given options that can't work.
	ErrOptions = fault.New(fault.Invalid, "placing_options", "The images-edit endpoint is not configured properly")
)

var faults = egress.Faults{
	Paused: errPaused, Unavailable: errUnavailable, Busy: errBusy, BadResponse: errBadResponse, TooLarge: errTooLarge,
	Unauthorized: errUnauthorized, Unpaid: errUnpaid, Rejected: errRejected,
}

// Options configure a Placer.
type Options struct {
	// URL is the whole address: https://api.openai.com/v1/images/edits, or
	// https://NAME.openai.azure.com/openai/deployments/DEPLOYMENT/images/edits?api-version=…,
	// or https://NAME.openai.azure.com/openai/v1/images/edits.
	URL string
	// Key is the account's key. Without one Credential gives tokens (Azure alone).
	Key        string
	Credential azcore.TokenCredential
	Model      string // or the name of its deployment
	Quality    string // low, medium, high; "" leaves it to the model
	// Decoder decodes the answers: they are bytes from outside.
	Decoder pipeline.Decoder
	// Timeout, Tries, MaxResponse and Transport are as in egress.Options.
	Timeout     time.Duration
	Tries       int
	MaxResponse int64
	Transport   http.RoundTripper
}

// Placer is a pipeline.Placer.
type Placer struct {
	*egress.Client
	o     Options
	azure bool
}

// New returns a placer. It makes no call. Error: ErrOptions.
func New(o Options) (*Placer, error) {
	u, err := url.Parse(o.URL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || !strings.HasSuffix(u.Path, "/images/edits") {
		return nil, ErrOptions.With("PLACE_ENDPOINT_URL must be an absolute URL that ends in /images/edits (before ?api-version=…)")
	}
	azure := strings.HasPrefix(u.Path, azurePath)
	if o.Key == "" && (o.Credential == nil || !azure) {
		return nil, ErrOptions.With("neither PLACE_ENDPOINT_KEY nor, for an Azure endpoint, an identity is given")
	}
	if o.Model == "" { // none is a default: providers retire each after a year or so
		return nil, ErrOptions.With("PLACE_MODEL is missing")
	}
	if o.MaxResponse == 0 {
		o.MaxResponse = maxResponse
	}
	return &Placer{o: o, azure: azure, Client: egress.New(egress.Options{
		Name: "images-edit", Faults: faults, Code: errorCode, Timeout: o.Timeout, Tries: o.Tries, MaxResponse: o.MaxResponse, Transport: o.Transport,
	})}, nil
}

// Place sends the product where it shall stand, with a mask around it, and stores
// the picture that comes back. The model may touch the product all the same: the
// pipeline compares and puts the original over it. The API has no seed; another
// call gives another picture.
func (p *Placer) Place(ctx context.Context, r pipeline.Placement) (*picture.Placed, error) {
	bounds := pipeline.AlphaBounds(r.Cutout)
	f := newFrame(bounds, r.Width, r.Height, r.Look.ProductFill)
	form, err := p.form(r, f, bounds)
	if err != nil {
		return nil, err
	}
	telemetry.Log(ctx).Info().Str("scene_type", r.Scene).Msg("Calling images-edit endpoint")
	answer, err := p.edit(ctx, form)
	if err != nil {
		return nil, fmt.Errorf("edit the picture of item %s: %w", r.ItemID, err)
	}
	img, _, err := p.o.Decoder.Decode(ctx, answer)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, errBadResponse.With("%s", err)
	}
	scene := f.scene(img, r.Width, r.Height)
	if scene == nil {
		return nil, errBadResponse.With("it is %v, asked for was %v", img.Rect.Size(), f.size)
	}
	b, err := imaging.Encode(scene, imaging.EncodeOptions{Format: imaging.JPEG, Quality: layerQuality})
	if err != nil {
		return nil, fmt.Errorf("encode the scene: %w", err)
	}
	path, err := r.Artifacts.Put(ctx, "place", "jpg", imaging.JPEG.MediaType(), b)
	if err != nil {
		return nil, fmt.Errorf("store the scene: %w", err)
	}
	return &picture.Placed{
		Engine: "openai/" + p.o.Model, Width: r.Width, Height: r.Height, BackdropPath: path,
		ContainsProduct: true, Box: f.box, FloorY: f.floorY, Generated: true,
	}, nil
}

// form encodes the request.
func (p *Placer) form(r pipeline.Placement, f frame, bounds image.Rectangle) (*egress.Form, error) {
	product := imaging.Part(r.Cutout, bounds)
	canvas, mask := f.draw(product, r.Width)
	parts := []egress.Part{
		egress.Field("model", p.o.Model), egress.Field("prompt", prompt(r)), egress.Field("n", "1"),
		egress.Field("size", fmt.Sprintf("%dx%d", f.size.X, f.size.Y)),
		egress.Field("output_format", "png"), egress.Field("background", "opaque"),
	}
	if p.o.Quality != "" {
		parts = append(parts, egress.Field("quality", p.o.Quality))
	}
	for _, layer := range []struct {
		name string
		img  *image.NRGBA
	}{{"image", canvas}, {"mask", mask}} {
		b, err := imaging.Encode(layer.img, imaging.EncodeOptions{Format: imaging.PNG, Effort: 1})
		if err != nil {
			return nil, fmt.Errorf("encode the %s: %w", layer.name, err)
		}
		parts = append(parts, egress.Part{Name: layer.name, Filename: layer.name + ".png", ContentType: imaging.PNG.MediaType(), Data: b})
	}
	return egress.NewForm(parts...)
}

// edit makes the call and returns the picture's bytes.
func (p *Placer) edit(ctx context.Context, form *egress.Form) (answer []byte, err error) {
	err = p.Do(ctx, egress.Call{
		Build: func(ctx context.Context) (*http.Request, error) {
			r, err := form.Post(ctx, p.o.URL)
			if err != nil {
				return nil, err
			}
			r.Header.Set("Accept", "application/json")
			return r, p.authorize(ctx, r)
		},
		Read: func(_ http.Header, body io.Reader) error {
			var res struct {
				Data []struct {
					B64 []byte `json:"b64_json"`
				} `json:"data"`
			}
			if err := egress.JSON(body, &res); err != nil {
				return err
			}
			if len(res.Data) != 1 {
				return errBadResponse.With("it holds %d pictures", len(res.Data))
			}
			answer = res.Data[0].B64
			if _, err := imaging.Inspect(answer); err != nil {
				return errBadResponse.With("%s", err)
			}
			return nil
		},
	})
	if f, ok := fault.As(err); ok && errors.Is(err, errBusy) && strings.HasSuffix(f.Detail(), noQuota) {
		err = errUnpaid.With("%s", f.Detail())
	}
	return answer, egress.Hold(err, faults)
}

// authorize adds the key, or a token.
func (p *Placer) authorize(ctx context.Context, r *http.Request) error {
	switch {
	case p.o.Key != "" && p.azure:
		r.Header.Set("api-key", p.o.Key)
	case p.o.Key != "":
		r.Header.Set("Authorization", "Bearer "+p.o.Key)
	default:
		t, err := p.o.Credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{tokenScope}})
		if err != nil {
			return fault.Transient(fmt.Errorf("%w: %w", errUnavailable.With("no token for the endpoint"), err), 0)
		}
		r.Header.Set("Authorization", "Bearer "+t.Token)
	}
	return nil
}

// errorCode reads {"error":{"code":"…"}}: a string, or at Azure a number in one.
func errorCode(body []byte) string {
	var p struct {
		Error struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &p) != nil {
		return ""
	}
	return strings.ToLower(p.Error.Code)
}
