package openai_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/imaging/imagingtest"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/openai"
	"github.com/opal-photo/opal/modules/pipeline/placertest"
)

func TestMain(m *testing.M) { imagingtest.Main(m) }

const azureEdits = "/openai/deployments/pictures/images/edits?api-version=2025-04-01-preview"

// pictures writes a 200.
func pictures(w http.ResponseWriter, picture []byte) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"created": 1_790_000_000, "data": []map[string]any{{"b64_json": picture}}, "usage": map[string]int{"total_tokens": 4000}})
}

// refuse writes an error as the reference has it.
func refuse(w http.ResponseWriter, status int) {
	w.WriteHeader(status)
	fmt.Fprint(w, `{"error":{"message":"Something about https://example.com/?sig=SECRET","type":"some_error","param":null,"code":"some_code"}}`)
}

// fake is a service that edits: it paints a background, and the product on it
// displaced by shift.
type fake struct {
	t     testing.TB
	shift image.Point
	azure bool
}

func (f fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key, path := r.Header.Get("Authorization"), "/v1/images/edits"
	if f.azure {
		key, path = "Bearer "+r.Header.Get("api-key"), "/openai/deployments/pictures/images/edits"
		if r.URL.Query().Get("api-version") == "" {
			f.t.Error("no api-version")
		}
	}
	if r.Method != http.MethodPost || r.URL.Path != path || key != "Bearer "+placertest.Key {
		f.t.Errorf("%s %s with key %q", r.Method, r.URL.Path, key)
	}
	if err := r.ParseMultipartForm(32 << 20); err != nil {
		f.t.Error(err)
		return
	}
	if r.FormValue("model") != "gpt-image-1" || r.FormValue("n") != "1" || len(r.FormValue("prompt")) < 50 {
		f.t.Errorf("form %v", r.Form)
	}
	canvas, mask := f.file(r, "image"), f.file(r, "mask")
	size := r.FormValue("size")
	if canvas == nil || mask == nil || canvas.Bounds() != mask.Bounds() || fmt.Sprintf("%dx%d", canvas.Bounds().Dx(), canvas.Bounds().Dy()) != size ||
		size != "1024x1024" && size != "1536x1024" && size != "1024x1536" {
		f.t.Errorf("size %s, picture %v, mask %v", size, canvas, mask)
		return
	}
	keep, edit := 0, 0
	for y := range mask.Bounds().Dy() {
		for x := range mask.Bounds().Dx() {
			_, _, _, m := mask.At(x, y).RGBA()
			_, _, _, c := canvas.At(x, y).RGBA()
			switch {
			case m == 0:
				edit++
			case c == 0:
				f.t.Errorf("the mask keeps %d,%d, where there is nothing", x, y)
				return
			default:
				keep++
			}
		}
	}
	if keep == 0 || edit == 0 {
		f.t.Errorf("%d pixels to keep, %d to edit", keep, edit)
	}
	out := image.NewNRGBA(canvas.Bounds())
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			out.SetNRGBA(x, y, color.NRGBA{uint8(90 + y/16), uint8(110 + x/32), 140, 255})
		}
	}
	draw.Draw(out, out.Rect.Add(f.shift), canvas, image.Point{}, draw.Over)
	var b bytes.Buffer
	if err := png.Encode(&b, out); err != nil {
		f.t.Error(err)
	}
	pictures(w, b.Bytes())
}

func (f fake) file(r *http.Request, name string) image.Image {
	file, h, err := r.FormFile(name)
	if err != nil || h.Header.Get("Content-Type") != "image/png" || h.Size > 4<<20 {
		f.t.Errorf("%s: %v", name, err)
		return nil
	}
	img, err := png.Decode(file)
	if err != nil {
		f.t.Errorf("%s: %v", name, err)
		return nil
	}
	return img
}

func open(t testing.TB, o openai.Options) *openai.Placer {
	t.Helper()
	o.Model = "gpt-image-1"
	p, err := openai.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSuite(t *testing.T) {
	if testing.Short() {
		t.Skip("not among the short tests: twenty seconds of pictures")
	}
	for name, path := range map[string]string{"openai": "/v1/images/edits", "azure": azureEdits} {
		t.Run(name, func(t *testing.T) {
			run := placertest.RunRemote
			if name == "azure" {
				run = placertest.RunGood // the same client, but for address and key
			}
			run(t, placertest.Service{
				Open: func(t testing.TB, o placertest.Options) pipeline.Placer {
					return open(t, openai.Options{URL: o.URL + path, Key: placertest.Key, Decoder: o.Decoder, Timeout: o.Timeout, Tries: o.Tries, MaxResponse: o.MaxResponse})
				},
				Good: func(t testing.TB, _ *placertest.Store, _ *imaging.Decoder) http.Handler {
					return fake{t: t, azure: name == "azure"}
				},
				Picture: pictures, Refuse: refuse, Prefix: "placing", Unpaid: "unpaid", Generated: true,
			})
		})
	}
}

// place asks a service once.
func place(t *testing.T, h http.Handler, o openai.Options) (*picture.Placed, error) {
	t.Helper()
	s := httptest.NewServer(h)
	defer s.Close()
	d := imaging.NewDecoder(imaging.DecoderOptions{})
	defer d.Close()
	if o.URL == "" {
		o.URL, o.Key = "/v1/images/edits", "k"
	}
	o.URL, o.Decoder, o.Tries = s.URL+o.URL, d, 1
	cut := image.NewNRGBA(image.Rect(0, 0, 40, 30))
	draw.Draw(cut, cut.Rect, image.Black, image.Point{}, draw.Src)
	return open(t, o).Place(t.Context(), pipeline.Placement{Cutout: cut, Width: 1024, Height: 1024, Artifacts: placertest.NewStore(t)})
}

func TestRefusalsAreNamedByTheirCode(t *testing.T) {
	for _, c := range []struct {
		status     int
		body, code string
		says       string
		transient  bool
	}{
		{400, `{"error":{"code":"moderation_blocked","message":"SECRET"}}`, "placing_rejected", "moderation_blocked", false},
		{400, `{"error":{"code":"contentFilter","message":"SECRET"}}`, "placing_rejected", "contentfilter", false},
		{429, `{"error":{"code":"insufficient_quota","message":"SECRET"}}`, "placing_unpaid", "insufficient_quota", true},
		{429, `{"error":{"code":"rate_limit_exceeded","message":"SECRET"}}`, "placing_busy", "rate_limit_exceeded", true},
		{500, `<html>`, "placing_unavailable", "status 500", true},
	} {
		t.Run(strconv.Itoa(c.status)+" "+c.says, func(t *testing.T) {
			_, err := place(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			}), openai.Options{})
			if fault.CodeOf(err) != c.code || fault.IsTransient(err) != c.transient || !strings.Contains(err.Error(), c.says) ||
				strings.Contains(err.Error(), "SECRET") {
				t.Error(err)
			}
		})
	}
}

// credential gives tokens for one scope.
type credential struct{}

func (credential) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if len(o.Scopes) != 1 || o.Scopes[0] != "https://cognitiveservices.azure.com/.default" {
		return azcore.AccessToken{}, errors.New("another scope")
	}
	return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func TestAnIdentityNeedsNoKeyAtAzure(t *testing.T) {
	got := ""
	_, err := place(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Get("Authorization")
		refuse(w, http.StatusBadRequest)
	}), openai.Options{URL: "/openai/v1/images/edits", Credential: credential{}})
	if got != "Bearer token" {
		t.Errorf("%q, %v", got, err)
	}
	for _, o := range []openai.Options{
		{URL: "https://api.openai.com/v1/images/edits", Credential: credential{}, Model: "m"},
		{URL: "https://api.openai.com/v1/images/edits", Key: "k"},
		{URL: "https://x.openai.azure.com", Key: "k", Model: "m"}, {URL: "x/images/edits", Key: "k", Model: "m"}, {},
	} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			if _, err := openai.New(o); !errors.Is(err, openai.ErrOptions) {
				t.Errorf("%+v: %v", o, err)
			}
		})
	}
}

func TestAModelThatMovesTheProductIsFoundOut(t *testing.T) {
	d := imaging.NewDecoder(imaging.DecoderOptions{})
	defer d.Close()
	placed := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		placed++
		fake{t: t, shift: image.Pt(120, -90)}.ServeHTTP(w, r)
	}))
	defer s.Close()
	err := placertest.Engine{
		Placer: open(t, openai.Options{URL: s.URL + "/v1/images/edits", Key: placertest.Key, Decoder: d}),
		Store:  placertest.NewStore(t), Decoder: d,
	}.Try(t.Context())
	if !errors.Is(err, pipeline.ErrProductChanged) || placed != 3 {
		t.Errorf("%v after %d scenes", err, placed)
	}
}
