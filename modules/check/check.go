// Package check measures finished files: the rules of a preset and those that every
// file keeps. It decodes what it measures, and says of each rule whether it is kept,
// what was found, how much it matters, and what to do.
package check

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check/proof"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/imaging"
)

// Check is what came of a rule.
type Check struct {
	Rule     string `json:"rule"`
	Passed   bool   `json:"passed"`
	Measured string `json:"measured"`
	Wanted   string `json:"wanted"`
	Severity string `json:"severity,omitempty"` // what it means that it is broken: reject, warn or advice
	Advice   string `json:"advice,omitempty"`   // what to do then
	Source   string `json:"source,omitempty"`   // where the rule is written; "" for OPAL's own
	// Unsure says that the product's place is not certain enough to tell whether the
	// rule is kept. Such a check hasn't passed, and doesn't count as broken.
	Unsure bool `json:"unsure,omitempty"`
	// Figure is Measured and Wanted as numbers; nil where they are not one number each.
	Figure *Figure `json:"figure,omitempty"`
}

// Broken reports whether the rule is certainly not kept.
func (c Check) Broken() bool { return !c.Passed && !c.Unsure }

// Worst returns the highest severity among the rules that are broken; "" when none is.
// Checks of releases that knew no severity count as warnings.
func Worst(checks []Check) channel.Severity {
	order := []channel.Severity{"", channel.Advice, channel.Warn, channel.Reject}
	worst := 0
	for _, c := range checks {
		if c.Broken() {
			s := cmp.Or(channel.Severity(c.Severity), channel.Warn)
			worst = max(worst, slices.Index(order, s))
		}
	}
	return order[worst]
}

// Reason says in words why a channel refuses a file, and what to do; "" when it
// doesn't.
func Reason(checks []Check) string {
	var all []string
	for _, c := range checks {
		if !c.Broken() || c.Severity != string(channel.Reject) {
			continue
		}
		text := fmt.Sprintf("%s is %s, wanted %s", strings.ReplaceAll(c.Rule, "_", " "), c.Measured, c.Wanted)
		if c.Advice != "" {
			text += " (" + c.Advice + ")"
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

// maxEnlarge is how far a product may be enlarged beyond its photo's own pixels
// before a shop's zoom shows it.
const maxEnlarge = 2.0

// Facts are what a check knows beside the file.
type Facts struct {
	Source   imaging.SourceType // that the file must state
	Enlarged float64            // pixels of the variant for one pixel of the photo
	Product  *image.Alpha       // where the product is, of the file's size; nil: it is looked for
	Edge     string             // the frame's edge that the product comes out of, as anchors have it: no safe zone holds it there
	On       time.Time          // the day whose rules count; zero: today
}

// File decodes a file that OPAL wrote and tries on it the preset's rules and those
// that every file keeps: its size, format and colours, no trace of where the photo was
// taken, and the statement on how the picture was made. It returns the decoded picture, too.
func File(p channel.Preset, file []byte, f Facts) (*Picture, []Check, error) {
	img, err := imaging.DecodeOwn(file)
	if err != nil {
		return nil, nil, fmt.Errorf("decode the variant: %w", err)
	}
	return Decoded(p, file, img, f)
}

// Decoded is File for a file that was decoded before: img is what it shows.
func Decoded(p channel.Preset, file []byte, img *image.NRGBA, f Facts) (*Picture, []Check, error) {
	info, err := imaging.Inspect(file)
	if err != nil {
		return nil, nil, fmt.Errorf("read the variant: %w", err)
	}
	meta := imagefile.ReadMetadata(info.Format, file)
	stated := bytes.Contains(meta.XMP, []byte(`"`+f.Source.URI()+`"`))
	reject, warn := string(channel.Reject), string(channel.Warn)
	out := []Check{
		Dimensions(p, img.Rect.Dx(), img.Rect.Dy()),
		{Rule: "format", Passed: string(info.Format) == string(p.Format), Measured: string(info.Format), Wanted: string(p.Format), Severity: reject},
		{Rule: "colour_profile", Passed: info.HasProfile, Measured: present(info.HasProfile), Wanted: "sRGB profile", Severity: warn},
		{Rule: "no_location", Passed: !meta.EXIF, Measured: present(meta.EXIF), Wanted: "no EXIF", Severity: reject},
		{Rule: "source_type", Passed: stated, Measured: present(stated), Wanted: "IPTC DigitalSourceType " + string(f.Source), Severity: reject},
		{Rule: "enlargement", Passed: f.Enlarged <= maxEnlarge, Measured: fmt.Sprintf("%.1f×", f.Enlarged),
			Wanted: fmt.Sprintf("at most %.0f× the photo's own pixels", maxEnlarge), Severity: warn, Advice: "Take the photo with more pixels on the product",
			Figure: most(Times, f.Enlarged, maxEnlarge)},
	}
	if p.Background != channel.Transparent {
		opaque := imaging.Opaque(img)
		out = append(out, Check{Rule: "opaque", Passed: opaque, Measured: opacity(opaque), Wanted: "no transparent pixels", Severity: reject})
	}
	pic := &Picture{File: file, Format: channel.Format(info.Format), Image: img, XMP: meta.XMP, Sources: meta.Sources, Product: f.Product, Enlarged: f.Enlarged, Edge: f.Edge,
		Colour: imagefile.ColourSpace(info, file)}
	return pic, append(out, Rules(p, pic, f.On)...), nil
}

// Rules tries the rules of a preset that hold on a day (zero: today) on any picture.
// Rules on what is not known of it, such as its name, are left out.
func Rules(p channel.Preset, pic *Picture, on time.Time) []Check {
	if on.IsZero() {
		on = time.Now()
	}
	var out []Check
	for _, r := range p.Rules {
		if !r.Holds(on) {
			continue
		}
		if !pic.knows(r) {
			continue
		}
		if r.Name == channel.FileName && len(r.AnyOf) == 0 {
			r.AnyOf = []string{p.FileName}
		}
		c := pic.try(r)
		c.Rule, c.Severity, c.Source = r.Name, string(r.Severity), r.Source.Title
		if c.Advice == "" {
			c.Advice = adviceOn(r)
		}
		out = append(out, c)
	}
	return out
}

// provable is the longer side from which a file is held to the limits of proof; smaller
// ones, such as thumbnails, are only reported.
const provable = 1000

// Provable reports whether a preset's files are held to its limits.
func Provable(p channel.Preset) bool { return max(p.Width, p.Height) >= provable }

// webpBleed is the limit of WebP, which always halves the resolution of colour unless it
// is lossless, and large.
const webpBleed = 25

// Limits are those that a preset's files have to keep.
func Limits(p channel.Preset) proof.Limits {
	l := proof.DefaultLimits
	if p.Format == channel.WebP {
		l.Bleed = webpBleed
	}
	return l
}

// Proof says whether a delivered product is unchanged from the photo.
func Proof(p channel.Preset, d proof.Delivered) Check {
	l := Limits(p)
	c := Check{Rule: "product_untouched", Measured: d.String(), Severity: string(channel.Reject),
		Wanted: fmt.Sprintf("ΔE95 at most %.0f, likeness at least %.2f, shift at most %.1f px", l.DeltaE95, l.SSIM, l.Shift)}
	if !Provable(p) {
		c.Severity = string(channel.Advice)
	}
	broken := d.Within(l)
	if c.Passed = broken == ""; !c.Passed {
		c.Measured = broken + " (" + d.String() + ")"
		c.Wanted = "the product as it is in the photo"
		c.Advice = "Make it anew from a larger photo, or use a preset whose format is PNG"
	}
	return c
}

// Dimensions wants the preset's very size; of a transparent one, which is cut to
// the product, that it fills the size in one direction.
func Dimensions(p channel.Preset, w, h int) Check {
	c := Check{Rule: "size", Passed: w == p.Width && h == p.Height, Measured: fmt.Sprintf("%d×%d", w, h), Wanted: fmt.Sprintf("%d×%d", p.Width, p.Height),
		Severity: string(channel.Reject)}
	if p.Background == channel.Swatch {
		c.Passed, c.Wanted = w == h && w <= p.Width, "a square of at most "+c.Wanted
	}
	if p.Background == channel.Transparent {
		c.Passed = w <= p.Width && h <= p.Height && (w >= p.Width-cropSlack || h >= p.Height-cropSlack)
		c.Wanted = "as large as fits " + c.Wanted
	}
	return c
}

// cropSlack is what rounding may take off a cropped file's longer side, in
// pixels.
const cropSlack = 2

func present(b bool) string {
	if b {
		return "present"
	}
	return "absent"
}

func opacity(opaque bool) string {
	if opaque {
		return "opaque"
	}
	return "transparent"
}

func generation(made bool) string {
	if made {
		return "said to be generated"
	}
	return "not said to be generated"
}

func extent(cut bool) string {
	if cut {
		return "the product reaches the frame"
	}
	return "all of it is in the frame"
}

// Picture is a decoded file as rules see it. Measures that several rules need are
// taken once. It is not safe for concurrent use.
type Picture struct {
	File    []byte
	Format  channel.Format
	Image   *image.NRGBA
	XMP     []byte
	Sources []string     // digital source types that its content credentials name
	Product *image.Alpha // where the product is; nil: it is looked for

	Enlarged float64 // pixels of the picture for one of its photo; 0: not known
	Edge     string  // the frame's edge that the product is known to come out of, as anchors have it

	Name   string // of the file; "": not known, and no rule on names is tried
	Colour string // its colour space, as imagefile.ColourSpace has it; "": not known
	Set    int    // pictures of the same product; 0: not known

	found   *product
	grounds [2]*ground
}

// byModel ends the digital source types of pictures that a model made, all or in part.
const byModel = "lgorithmicMedia" // of "algorithmicMedia" and "trainedAlgorithmicMedia"

// try measures one rule.
func (p *Picture) try(r channel.Rule) Check {
	w, h := p.Image.Rect.Dx(), p.Image.Rect.Dy()
	atLeast := func(v float64, format string) Check {
		return Check{Passed: v >= r.Limit, Measured: fmt.Sprintf(format, v), Wanted: "at least " + fmt.Sprintf(format, r.Limit), Figure: least(Pixels, v, r.Limit)}
	}
	atMost := func(v float64, format string) Check {
		return Check{Passed: v <= r.Limit, Measured: fmt.Sprintf(format, v), Wanted: "at most " + fmt.Sprintf(format, r.Limit), Figure: most(Pixels, v, r.Limit)}
	}
	const px = "%.0f px"
	switch r.Name {
	case channel.LongSide:
		return atLeast(float64(max(w, h)), px)
	case channel.ShortSide:
		return atLeast(float64(min(w, h)), px)
	case channel.Width:
		return atLeast(float64(w), px)
	case channel.Height:
		return atLeast(float64(h), px)
	case channel.LongSideAtMost:
		return atMost(float64(max(w, h)), px)
	case channel.ShortSideAtMost:
		return atMost(float64(min(w, h)), px)
	case channel.Aspect:
		v := float64(w) / float64(h)
		return Check{Passed: v >= r.Limit*(1-r.Tolerance) && v <= r.Limit*(1+r.Tolerance), Measured: ratio(v), Wanted: ratio(r.Limit) + " (width to height)",
			Figure: &Figure{Unit: Ratio, Bound: About, Value: v, Limit: r.Limit}}
	case channel.Formats:
		return Check{Passed: slices.Contains(r.AnyOf, string(p.Format)), Measured: string(p.Format), Wanted: strings.Join(r.AnyOf, " or ")}
	case channel.FileSize:
		n := float64(len(p.File))
		return Check{Passed: n <= r.Limit, Measured: Size(n), Wanted: "at most " + Size(r.Limit), Figure: most(Bytes, n, r.Limit)}
	case channel.FileSizeAtLeast:
		n := float64(len(p.File))
		return Check{Passed: n >= r.Limit, Measured: Size(n), Wanted: "at least " + Size(r.Limit), Figure: least(Bytes, n, r.Limit)}
	case channel.WhiteBorder:
		return ofLeast(border(p.Image, white), r.Limit, " of the outermost pixels white")
	case channel.HasAlpha:
		clear := border(p.Image, func(c []uint8) bool { return c[3] == 0 })
		return ofLeast(clear, r.Limit, " of the outermost pixels transparent")
	case channel.IsOpaque:
		opaque := imaging.Opaque(p.Image)
		return Check{Passed: opaque, Measured: opacity(opaque), Wanted: "no transparent pixels"}
	case channel.NotGenerated:
		made := bytes.Contains(p.XMP, []byte(byModel)) || slices.ContainsFunc(p.Sources, func(s string) bool { return strings.HasSuffix(s, byModel) })
		return Check{Passed: !made, Measured: generation(made), Wanted: "no generated picture"}
	case channel.ColourSpace:
		return Check{Passed: slices.Contains(r.AnyOf, p.Colour), Measured: colourWords(p.Colour), Wanted: either(r.AnyOf, colourWords)}
	case channel.FileName:
		return Check{Passed: named(p.Name, r.AnyOf), Measured: p.Name, Wanted: either(r.AnyOf, formWords)}
	case channel.SetSize:
		return Check{Passed: float64(p.Set) >= r.Limit, Measured: fmt.Sprintf("%d of this product", p.Set), Wanted: fmt.Sprintf("at least %.0f", r.Limit),
			Figure: least(Count, float64(p.Set), r.Limit)}
	}
	if slices.Contains(productRules, r.Name) {
		return p.tryProduct(r, atLeast)
	}
	return unmeasured
}

// unmeasured is the answer of a rule that nothing here measures.
var unmeasured = Check{Measured: "unknown rule", Wanted: "a rule that is known"}

// product locates the product, once.
func (p *Picture) product() *product {
	if p.found == nil {
		p.found = locate(p.Image, p.Product)
	}
	return p.found
}

// ground looks at the ground, once for each meaning of plain.
func (p *Picture) ground(plain bool) *ground {
	i := 0
	if plain {
		i = 1
	}
	if p.grounds[i] == nil {
		p.grounds[i] = p.product().lookAt(p.Image, plain)
	}
	return p.grounds[i]
}

// mostlyClear is the share of the outermost pixels that are transparent from which a
// picture is a cut-out with nothing behind it.
const mostlyClear = 0.9

// tryProduct measures the productRules.
func (p *Picture) tryProduct(r channel.Rule, atLeast func(float64, string) Check) Check {
	pr := p.product()
	w, h := float64(p.Image.Rect.Dx()), float64(p.Image.Rect.Dy())
	bw, bh := float64(pr.box.Dx()), float64(pr.box.Dy())
	switch r.Name {
	case channel.FillAtLeast:
		return ofLeast(max(bw/w, bh/h), r.Limit, " of the frame")
	case channel.FillAtMost:
		return ofMost(max(bw/w, bh/h), r.Limit, " of the frame")
	case channel.ProductSide:
		return atLeast(max(bw, bh), "%.0f px")
	case channel.WhiteBackground, channel.PlainBackground:
		g := p.ground(r.Name == channel.PlainBackground)
		if clear := border(p.Image, func(c []uint8) bool { return c[3] == 0 }); r.Name == channel.WhiteBackground && clear > mostlyClear {
			return Check{Measured: "a transparent background", Wanted: "pure white", Advice: "Fill what is transparent with pure white"}
		}
		c := Check{Passed: g.white >= r.Limit && g.patch <= mostGrey, Measured: fmt.Sprintf("%.1f %% white, the largest other area takes %.1f %% of the frame", 100*g.white, 100*g.patch),
			Wanted: fmt.Sprintf("at least %.1f %% white, and no other area", 100*r.Limit)}
		if g.patch <= mostGrey { // else white enough, or not, doesn't tell what is wrong
			c.Figure = least(Share, g.white, r.Limit)
		}
		return c
	case channel.NoShadow:
		g := p.ground(!imaging.Opaque(p.Image))
		if g.filled && g.shadow <= r.Limit {
			return Check{Passed: true, Measured: "none that could be told from the backdrop", Wanted: "no shadow"}
		}
		return Check{Passed: g.shadow <= r.Limit, Measured: fmt.Sprintf("a shadow on %.1f %% of the frame", 100*g.shadow), Wanted: "no shadow",
			Figure: most(Frame, g.shadow, r.Limit)}
	case channel.Residue:
		return Check{Passed: pr.residue <= r.Limit, Measured: fmt.Sprintf("%.2f %% of the frame in loose parts", 100*pr.residue), Wanted: fmt.Sprintf("at most %.2f %%", 100*r.Limit),
			Figure: most(Frame, pr.residue, r.Limit)}
	case channel.ObjectsAtMost:
		return Check{Passed: float64(pr.objects) <= r.Limit, Measured: fmt.Sprintf("%d apart from each other", pr.objects), Wanted: fmt.Sprintf("at most %.0f", r.Limit),
			Figure: most(Count, float64(pr.objects), r.Limit)}
	case channel.Cropped:
		cut := pr.touches(p.Image.Rect)
		return Check{Passed: !cut, Measured: extent(cut), Wanted: "the whole product"}
	case channel.Sharpness:
		// the rule on enlargement reports what enlarging costs
		v, sharp := pr.sharpness(p.Image), r.Limit/max(1, p.Enlarged)
		return Check{Passed: v >= sharp, Measured: edgeWords(v), Wanted: "at most " + edgeWords(sharp),
			Figure: most(Pixels, edgeWidth(v), edgeWidth(sharp))}
	case channel.SafeZone:
		return pr.inZone(r.Box, p.Edge)
	case channel.SafeWidth:
		in := 2 * max(w/2-float64(pr.box.Min.X), float64(pr.box.Max.X)-w/2) / w
		return ofMost(in, r.Limit, " of the width")
	}
	return unmeasured
}

const mebibyte = 1 << 20

// percent writes a share with a digit behind the point.
func percent(share float64) string {
	return strconv.FormatFloat(math.Round(1000*share)/10, 'f', -1, 64) + " %"
}

// ofLeast and ofMost say how much was measured and how much is wanted. What breaks a rule
// by less than is written is rounded away from the limit, so that the two differ.
func ofLeast(v, limit float64, of string) Check {
	c := Check{Passed: v >= limit, Measured: percent(v), Wanted: "at least " + percent(limit), Figure: least(shareOf(of), v, limit)}
	if !c.Passed && c.Measured == percent(limit) {
		c.Measured = percent(limit - .001)
	}
	if limit >= 1 {
		c.Wanted = "all"
	}
	c.Measured += of
	return c
}

func ofMost(v, limit float64, of string) Check {
	c := Check{Passed: v <= limit, Measured: percent(v), Wanted: "at most " + percent(limit), Figure: most(shareOf(of), v, limit)}
	if !c.Passed && c.Measured == percent(limit) {
		c.Measured = percent(limit + .001)
	}
	c.Measured += of
	return c
}

// edgeWords writes a sharpness as the width of edges.
func edgeWords(sharpness float64) string {
	return strconv.FormatFloat(math.Round(10*edgeWidth(sharpness))/10, 'f', -1, 64) + " px wide edges"
}

// edgeWidth returns the width in pixels of edges of a sharpness.
func edgeWidth(sharpness float64) float64 { return 1 / max(sharpness, .01) }

// ratio writes width by height with the shorter side as 1, such as 1:1.44.
func ratio(v float64) string {
	short := func(v float64) string { return strconv.FormatFloat(math.Round(100*v)/100, 'f', -1, 64) }
	if v < 1 && v > 0 {
		return "1:" + short(1/v)
	}
	return short(v) + ":1"
}

// Size writes a number of bytes for people, such as "1.5 MB".
func Size(b float64) string {
	if b >= mebibyte {
		return fmt.Sprintf("%.1f MB", b/mebibyte)
	}
	if b < 1024 {
		return fmt.Sprintf("%.0f bytes", b)
	}
	return fmt.Sprintf("%.0f KB", b/1024)
}
