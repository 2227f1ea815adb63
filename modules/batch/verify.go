package batch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"

	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/check/proof"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/provenance"
	"github.com/opal-photo/opal/modules/shade"
)

// The ways in which a product's place in a delivered picture is known.
const (
	ByXMP          = "xmp"          // the file states it
	ByReport       = "report"       // a report.json does
	ByRegistration = "registration" // it was looked for, by size, shift and crop
)

// ErrProductNotFound says that a delivered picture doesn't show the photo's product, or
// shows it turned, mirrored or much changed.
var ErrProductNotFound = fault.New(fault.NotFound, "product_not_found", "The product of the original was not found in the delivered picture")

// VerifyOptions say how two pictures are compared.
type VerifyOptions struct {
	Mask   string // file with the product's mask in the original; "": its transparency, else it is cut out
	Report string // a report.json that says where the product is; "": the one in the delivered file's folder or above, if any
	JSON   bool   // the result as a line of JSON
}

// Verified is what a comparison came to.
type Verified struct {
	Original   string          `json:"original"`
	Delivered  string          `json:"delivered"`
	Untouched  bool            `json:"untouched"`
	Reason     string          `json:"reason,omitempty"` // why it isn't
	By         string          `json:"by"`               // xmp, report or registration
	Mask       string          `json:"mask"`             // mask, alpha or cutter
	Confidence float64         `json:"mask_confidence"`
	Place      [4]float64      `json:"place"` // x, y, width and height of the original in the delivered picture, in pixels
	Score      float64         `json:"score,omitempty"`
	Measured   proof.Delivered `json:"measured"`
	// Unlit is Measured with the light that the file states taken for a change; nil where it states none.
	Unlit  *proof.Delivered `json:"unlit,omitempty"`
	Limits proof.Limits     `json:"limits"`
	Note   string           `json:"note,omitempty"`

	light *shade.Light // that the delivered file states
}

// registered are the limits where the place is looked for: other programs resize in
// other ways, which changes fine detail a little.
var registered = proof.Limits{SSIM: 0.9, DeltaE95: 5, Cast: 0.5, Spot: 4, Mark: 10, Detail: 1.3, Bleed: 20, Shift: 0.6}

// leastAlike is the likeness below which a stated place can't be the right one.
const leastAlike = 0.35

// Verify compares the product in a delivered picture with the photo that it was made of,
// without a server, and writes the figures to s.Out.
//
// Errors: ErrFailed when the product was changed; ErrProductNotFound; ErrInterrupted, within a
// second of ctx's end; those of the files.
func Verify(ctx context.Context, s Streams, c Cutters, o VerifyOptions, original, delivered string) error {
	var v Verified
	var err error
	done := func(int) { v, err = compare(ctx, c, o, original, delivered) }
	if abreast(ctx, 1, 1, done) { // it may still be at work on v and err
		return ErrInterrupted
	}
	if err != nil {
		return err
	}
	if err := v.tell(s, o.JSON); err != nil {
		return err
	}
	if !v.Untouched {
		return ErrFailed
	}
	return nil
}

// compare finds the product and measures it.
func compare(ctx context.Context, c Cutters, o VerifyOptions, original, delivered string) (v Verified, err error) {
	v = Verified{Original: original, Delivered: delivered}
	_, photo, err := c.load(ctx, original)
	if err != nil {
		return v, fmt.Errorf("%s: %w", original, err)
	}
	raw, shown, err := c.load(ctx, delivered)
	if err != nil {
		return v, fmt.Errorf("%s: %w", delivered, err)
	}
	product, err := c.product(ctx, photo, o.Mask, &v)
	if err != nil {
		return v, err
	}
	at, by, err := placeOf(raw, delivered, o.Report)
	if err != nil {
		return v, err
	}
	found := false
	if v.light, err = lightOf(raw, by); err != nil {
		return v, fmt.Errorf("%s: %w", delivered, err)
	}
	if by != "" {
		v.By, v.Limits = by, proof.DefaultLimits
		found = v.byPlace(product, shown, at)
	}
	if !found {
		v.By, v.Limits, v.Unlit = ByRegistration, registered, nil
		found = v.byRegistration(product, shown)
	}
	if !found {
		return v, ErrProductNotFound
	}
	v.Reason = v.Measured.Within(v.Limits)
	v.Untouched = v.Reason == ""
	if v.Measured.Pixels == 0 {
		v.Untouched, v.Reason = false, "the product is too small or thin to compare"
	}
	if v.Mask == check.ByCutter && v.Confidence < picture.ReviewBelow {
		v.Note = fmt.Sprintf("the product was cut out of the original with a confidence of %.2f; give --mask for a result to rely on", v.Confidence)
	}
	return v, nil
}

func (v *Verified) tell(s Streams, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(s.Out).Encode(v)
	}
	word := "untouched"
	if !v.Untouched {
		word = "changed: " + v.Reason
	}
	by := map[string]string{ByXMP: "the place that the file states", ByReport: "the place in report.json", ByRegistration: fmt.Sprintf("searching for it (score %.2f)", v.Score)}[v.By]
	_, err := fmt.Fprintf(s.Out, "%s\n%s\nfound by %s, on %d pixels of the product\n", word, v.Measured, by, v.Measured.Pixels)
	if err == nil && v.Unlit != nil {
		_, err = fmt.Fprintf(s.Out, "its scene's light, which the file states, is taken into account; without it: %s\n", *v.Unlit)
	}
	if err == nil && v.Note != "" && !s.Quiet {
		_, err = fmt.Fprintln(s.Err, v.Note)
	}
	return err
}

func (c Cutters) load(ctx context.Context, path string) ([]byte, *image.NRGBA, error) {
	raw, err := read(ctx, nil, path, imaging.MaxBytes)
	if err != nil {
		return nil, nil, err
	}
	img, _, err := c.Decoder.Decode(ctx, raw)
	return raw, img, err
}

// product is the photo with the product's alpha.
func (c Cutters) product(ctx context.Context, photo *image.NRGBA, maskFile string, v *Verified) (*image.NRGBA, error) {
	var mask *image.Alpha
	v.Confidence = 1
	switch {
	case maskFile != "":
		_, img, err := c.load(ctx, maskFile)
		if err != nil {
			return nil, errMask.With("%s: %v", maskFile, err)
		}
		if mask = check.Mask(img); mask.Rect.Size() != photo.Rect.Size() {
			return nil, errMask.With("it has %d × %d pixels, the original %d × %d", mask.Rect.Dx(), mask.Rect.Dy(), photo.Rect.Dx(), photo.Rect.Dy())
		}
		if why := check.MaskFault(mask); why != "" {
			return nil, errMask.With("%s: %s", maskFile, why)
		}
		v.Mask = check.ByMask
	case !imaging.Opaque(photo):
		v.Mask = check.ByAlpha
		return photo, nil
	default:
		cut, err := c.Cutter.Cut(ctx, photo)
		if err != nil {
			return nil, err
		}
		mask, v.Mask, v.Confidence = check.AlphaOf(cut.Image), check.ByCutter, cut.Confidence
	}
	out := image.NewNRGBA(photo.Rect)
	copy(out.Pix, photo.Pix)
	for i, a := range mask.Pix {
		out.Pix[4*i+3] = a
	}
	return out, nil
}

// placeOf returns the place that a delivered file states, or a report of it; by is ""
// when neither does.
func placeOf(raw []byte, delivered, report string) (p provenance.Place, by string, err error) {
	if info, err := imagefile.Inspect(raw); err == nil && report == "" {
		if p, ok := provenance.ReadPlace(imagefile.ReadMetadata(info.Format, raw).XMP); ok {
			return p, ByXMP, nil
		}
	}
	places := []string{report}
	if report == "" {
		dir := filepath.Dir(delivered)
		places = []string{filepath.Join(dir, reportName), filepath.Join(filepath.Dir(dir), reportName), filepath.Join(filepath.Dir(filepath.Dir(dir)), reportName)}
	}
	for _, at := range places {
		rep, err := loadReport(at)
		if report != "" && (err != nil || rep == nil) {
			return p, "", errors.Join(ErrReport.With("%s", report), err)
		}
		if err != nil || rep == nil {
			continue
		}
		for _, it := range rep.Items {
			for _, v := range it.Variants {
				if v.Place != nil && v.Place.Sound() && sameFile(v.File, delivered, filepath.Dir(at)) {
					return *v.Place, ByReport, nil
				}
			}
		}
	}
	if report != "" {
		return p, "", ErrReport.With("%s doesn't name %s with the place of its product", report, delivered)
	}
	return p, "", nil
}

// sameFile reports whether a report's name of a file, as the run's caller saw it, means
// a file.
func sameFile(named, file, dir string) bool {
	a, err := os.Stat(file)
	if err != nil {
		return false
	}
	for _, p := range []string{named, filepath.Join(dir, filepath.Base(filepath.Dir(named)), filepath.Base(named))} {
		if b, err := os.Stat(p); err == nil && os.SameFile(a, b) {
			return true
		}
	}
	return false
}

// byPlace compares by a stated place, and reports whether the product may be there.
func (v *Verified) byPlace(product, shown *image.NRGBA, p provenance.Place) bool {
	w, h := float64(product.Rect.Dx()), float64(product.Rect.Dy())
	src := image.Rect(int(p.Photo[0]*w+.5), int(p.Photo[1]*h+.5), int((p.Photo[0]+p.Photo[2])*w+.5), int((p.Photo[1]+p.Photo[3])*h+.5)).Intersect(product.Rect)
	kx, ky := float64(shown.Rect.Dx())/float64(p.Size[0]), float64(shown.Rect.Dy())/float64(p.Size[1])
	to := image.Rect(int(float64(p.File[0])*kx+.5), int(float64(p.File[1])*ky+.5), int(float64(p.File[0]+p.File[2])*kx+.5), int(float64(p.File[1]+p.File[3])*ky+.5))
	in := to.Intersect(shown.Rect)
	if src.Empty() || in.Empty() || to.Dx()*to.Dy() > imaging.MaxPixels {
		return false
	}
	placed := imaging.Resize(window(product, src), to.Dx(), to.Dy())
	v.compare(placed, shown, to.Min, in)
	v.Place = [4]float64{float64(to.Min.X), float64(to.Min.Y), float64(to.Dx()), float64(to.Dy())}
	return v.Measured.Pixels == 0 || v.Measured.SSIM >= leastAlike
}

// lightOf returns the light that a delivered file states of the place where it shows the
// product.
func lightOf(raw []byte, by string) (*shade.Light, error) {
	info, err := imagefile.Inspect(raw)
	if err != nil || by != ByXMP {
		return nil, nil
	}
	b := provenance.ReadLight(imagefile.ReadMetadata(info.Format, raw).XMP)
	if b == nil {
		return nil, nil
	}
	return shade.DecodeLight(b)
}

// compare measures a product, placed at a point, against a part of the delivered picture.
// Light that the file states is applied to it first.
func (v *Verified) compare(placed, shown *image.NRGBA, at image.Point, in image.Rectangle) {
	original := placed
	if v.light != nil {
		placed = v.light.On(placed)
		d := proof.Compare(window(original, in.Sub(at)), window(shown, in))
		v.Unlit = &d
	}
	v.Measured = proof.Compare(window(placed, in.Sub(at)), window(shown, in))
}

// byRegistration looks for the product.
func (v *Verified) byRegistration(product, shown *image.NRGBA) bool {
	box := imaging.AlphaBounds(product, 128)
	if box.Empty() {
		return false
	}
	product = window(product, box)
	// what is much larger than it can be shown costs time and memory alone
	k := 2 * float64(max(shown.Rect.Dx(), shown.Rect.Dy())) / float64(max(product.Rect.Dx(), product.Rect.Dy()))
	if k < 1 {
		product = imaging.Resize(product, max(1, int(float64(product.Rect.Dx())*k)), max(1, int(float64(product.Rect.Dy())*k)))
	}
	r := proof.Register(product, shown)
	v.Score = r.Score
	if r.Score < proof.MayBeFrom {
		return false
	}
	in := r.Box(product).Intersect(shown.Rect)
	v.Measured = proof.Compare(r.At(product, in), window(shown, in))
	v.Place = [4]float64{r.X, r.Y, r.Scale * float64(product.Rect.Dx()), r.Scale * float64(product.Rect.Dy())}
	// a part that was painted over spoils the correlation, and leaves most pixels alike
	const alike = 5
	return r.Score >= proof.FoundFrom || v.Measured.DeltaE50 <= alike
}

// window copies a part of a picture; what lies beyond it is transparent.
func window(img *image.NRGBA, r image.Rectangle) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	imaging.Put(out, img, img.Rect.Min.Sub(r.Min))
	return out
}
