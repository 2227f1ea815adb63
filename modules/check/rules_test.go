package check

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"testing"

	"github.com/opal-photo/opal/modules/channel"
)

var (
	red   = color.NRGBA{200, 30, 40, 255}
	paper = color.NRGBA{255, 255, 255, 255}
	grey  = color.NRGBA{226, 226, 224, 255}
)

// frame is a picture of one colour with rectangles on it.
func frame(w, h int, ground color.NRGBA, boxes ...image.Rectangle) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Rect, image.NewUniform(ground), image.Point{}, draw.Src)
	for _, b := range boxes {
		draw.Draw(img, b, image.NewUniform(red), image.Point{}, draw.Src)
	}
	return img
}

func with(img *image.NRGBA, b image.Rectangle, c color.NRGBA) *image.NRGBA {
	draw.Draw(img, b, image.NewUniform(c), image.Point{}, draw.Src)
	return img
}

// shadowed casts a soft shadow on the ground below a box, and draws the box over it.
func shadowed(img *image.NRGBA, b image.Rectangle) *image.NRGBA {
	return shadowedIn(img, b, color.NRGBA{A: 255})
}

func shadowedIn(img *image.NRGBA, b image.Rectangle, tint color.NRGBA) *image.NRGBA {
	cx, cy := float64(b.Min.X+b.Max.X)/2, float64(b.Max.Y)
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			u, v := (float64(x)-cx)/(.7*float64(b.Dx())), (float64(y)-cy)/(.16*float64(b.Dy()))
			dark := .45 * math.Exp(-2*(u*u+v*v))
			c := img.NRGBAAt(x, y)
			mix := func(a, b uint8) uint8 { return uint8(float64(a)*(1-dark) + float64(b)*dark + .5) }
			img.SetNRGBA(x, y, color.NRGBA{mix(c.R, tint.R), mix(c.G, tint.G), mix(c.B, tint.B), c.A})
		}
	}
	return with(img, b, red)
}

// soft blurs a picture along its rows.
func soft(img *image.NRGBA) *image.NRGBA {
	out := image.NewNRGBA(img.Rect)
	const r = 20
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			var sum [3]int
			for d := -r; d <= r; d++ {
				c := img.NRGBAAt(min(max(x+d, 0), img.Rect.Dx()-1), y)
				sum[0], sum[1], sum[2] = sum[0]+int(c.R), sum[1]+int(c.G), sum[2]+int(c.B)
			}
			out.SetNRGBA(x, y, color.NRGBA{uint8(sum[0] / (2*r + 1)), uint8(sum[1] / (2*r + 1)), uint8(sum[2] / (2*r + 1)), 255})
		}
	}
	return out
}

// Every rule has a picture that keeps it and one that breaks it. The product's mask is
// not given: the check looks for the product.
func TestEveryRuleIsKeptAndBroken(t *testing.T) {
	middle := image.Rect(250, 250, 750, 750)
	product := frame(1000, 1000, paper, middle)
	cases := map[string]struct {
		rule         channel.Rule
		kept, broken *Picture
	}{
		channel.LongSide:        {channel.Rule{Limit: 1000}, &Picture{Image: product}, &Picture{Image: frame(999, 500, paper)}},
		channel.ShortSide:       {channel.Rule{Limit: 500}, &Picture{Image: product}, &Picture{Image: frame(1000, 499, paper)}},
		channel.Width:           {channel.Rule{Limit: 762}, &Picture{Image: product}, &Picture{Image: frame(761, 1100, paper)}},
		channel.Height:          {channel.Rule{Limit: 1000}, &Picture{Image: product}, &Picture{Image: frame(1000, 999, paper)}},
		channel.LongSideAtMost:  {channel.Rule{Limit: 1000}, &Picture{Image: product}, &Picture{Image: frame(1001, 10, paper)}},
		channel.ProductSide:     {channel.Rule{Limit: 480}, &Picture{Image: product}, &Picture{Image: frame(1000, 1000, paper, image.Rect(400, 400, 600, 600))}},
		channel.Aspect:          {channel.Rule{Limit: 1, Tolerance: .01}, &Picture{Image: product}, &Picture{Image: frame(1000, 900, paper)}},
		channel.Formats:         {channel.Rule{AnyOf: []string{"jpeg"}}, &Picture{Image: product, Format: channel.JPEG}, &Picture{Image: product, Format: channel.AVIF}},
		channel.FileSize:        {channel.Rule{Limit: 10}, &Picture{Image: product, File: make([]byte, 10)}, &Picture{Image: product, File: make([]byte, 11)}},
		channel.FileSizeAtLeast: {channel.Rule{Limit: 10}, &Picture{Image: product, File: make([]byte, 10)}, &Picture{Image: product, File: make([]byte, 9)}},
		channel.FillAtLeast:     {channel.Rule{Limit: .45}, &Picture{Image: product}, &Picture{Image: frame(1000, 1000, paper, image.Rect(400, 400, 600, 600))}},
		channel.FillAtMost:      {channel.Rule{Limit: .9}, &Picture{Image: product}, &Picture{Image: frame(1000, 1000, paper, image.Rect(20, 20, 980, 980))}},
		channel.WhiteBackground: {channel.Rule{Limit: .995}, &Picture{Image: product}, &Picture{Image: frame(1000, 1000, grey, middle)}},
		channel.PlainBackground: {channel.Rule{Limit: .995}, &Picture{Image: frame(1000, 1000, color.NRGBA{}, middle)}, &Picture{Image: frame(1000, 1000, grey, middle)}},
		channel.WhiteBorder:     {channel.Rule{Limit: 1}, &Picture{Image: product}, &Picture{Image: with(frame(1000, 1000, paper, middle), image.Rect(0, 0, 10, 1), grey)}},
		channel.Residue:         {channel.Rule{Limit: .0005}, &Picture{Image: product}, &Picture{Image: frame(1000, 1000, paper, middle, image.Rect(100, 100, 140, 140))}},
		channel.Cropped:         {channel.Rule{}, &Picture{Image: product}, &Picture{Image: frame(1000, 1000, paper, image.Rect(400, 400, 600, 1000))}},
		channel.ObjectsAtMost: {channel.Rule{Limit: 1}, &Picture{Image: product},
			&Picture{Image: frame(1000, 1000, paper, image.Rect(100, 300, 400, 700), image.Rect(600, 300, 900, 700))}},
		channel.Sharpness:       {channel.Rule{Limit: .12}, &Picture{Image: product}, &Picture{Image: soft(product)}},
		channel.SafeWidth:       {channel.Rule{Limit: .9}, &Picture{Image: product}, &Picture{Image: frame(1000, 1000, paper, image.Rect(20, 400, 600, 600))}},
		channel.ShortSideAtMost: {channel.Rule{Limit: 1000}, &Picture{Image: product}, &Picture{Image: frame(1001, 1002, paper)}},
		channel.SafeZone:        {channel.Rule{Box: []float64{.1, .14, .9, .8}}, &Picture{Image: product}, &Picture{Image: frame(1000, 1000, paper, image.Rect(250, 60, 750, 700))}},
		channel.NoShadow:        {channel.Rule{Limit: .002}, &Picture{Image: product}, &Picture{Image: shadowed(frame(1000, 1000, paper), middle)}},
		channel.ColourSpace:     {channel.Rule{AnyOf: []string{"srgb", "grey"}}, &Picture{Image: product, Colour: "srgb"}, &Picture{Image: product, Colour: "cmyk"}},
		channel.FileName:        {channel.Rule{AnyOf: []string{"{asin}.MAIN"}}, &Picture{Image: product, Name: "B0ABCDEFGH.MAIN.jpg"}, &Picture{Image: product, Name: "B0ABCDEFGH-MAIN.jpg"}},
		channel.SetSize:         {channel.Rule{Limit: 5}, &Picture{Image: product, Set: 5}, &Picture{Image: product, Set: 4}},
		channel.HasAlpha:        {channel.Rule{Limit: 1}, &Picture{Image: frame(1000, 1000, color.NRGBA{}, middle)}, &Picture{Image: product}},
		channel.IsOpaque:        {channel.Rule{}, &Picture{Image: product}, &Picture{Image: frame(1000, 1000, color.NRGBA{}, middle)}},
		channel.NotGenerated:    {channel.Rule{}, &Picture{Image: product, XMP: []byte("composite")}, &Picture{Image: product, XMP: []byte("trainedAlgorithmicMedia")}},
	}
	for _, name := range channel.RuleNames() {
		t.Run(name, func(t *testing.T) {
			c, ok := cases[name]
			if !ok {
				t.Fatal("there is no picture for it")
			}
			c.rule.Name = name
			if got := c.kept.try(c.rule); !got.Passed {
				t.Errorf("the good one breaks it: %+v", got)
			}
			if got := c.broken.try(c.rule); got.Passed {
				t.Errorf("the bad one keeps it: %+v", got)
			}
		})
	}
}

func TestWhiteIsMeasuredOutsideTheProduct(t *testing.T) {
	middle := image.Rect(300, 300, 700, 700)
	mask := image.NewAlpha(image.Rect(0, 0, 1000, 1000))
	draw.Draw(mask, middle, image.Opaque, image.Point{}, draw.Src)
	for name, c := range map[string]struct {
		img    *image.NRGBA
		mask   *image.Alpha
		passed bool
	}{
		"a product on white":                {frame(1000, 1000, paper, middle), mask, true},
		"a white product by its mask":       {with(frame(1000, 1000, paper), middle, color.NRGBA{240, 240, 238, 255}), mask, true},
		"a grey area apart from it":         {with(frame(1000, 1000, paper, middle), image.Rect(100, 100, 180, 180), grey), mask, false},
		"a backdrop that is a little grey":  {frame(1000, 1000, color.NRGBA{252, 252, 252, 255}, middle), mask, false},
		"its photo's backdrop pasted along": {with(with(frame(1000, 1000, paper), image.Rect(60, 60, 940, 940), grey), middle, red), nil, false},
		"a product with its shadow":         {shadowed(frame(1000, 1000, paper), middle), mask, true},
		"a shadow in a grey corner":         {with(shadowed(frame(1000, 1000, paper), middle), image.Rect(0, 900, 200, 1000), grey), mask, false},
		"a piece of backdrop at it":         {with(frame(1000, 1000, paper, middle), image.Rect(700, 400, 800, 600), grey), mask, false},
		"a pale piece of backdrop at it":    {with(frame(1000, 1000, paper, middle), image.Rect(700, 400, 800, 600), color.NRGBA{246, 246, 245, 255}), mask, false},
		"a coloured glow at it":             {shadowedIn(frame(1000, 1000, paper), middle, color.NRGBA{255, 120, 40, 255}), mask, false},
		"a dark box that fills its frame":   {frame(1000, 1000, paper, image.Rect(60, 60, 940, 940)), nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := &Picture{Image: c.img, Product: c.mask}
			if got := p.try(channel.Rule{Name: channel.WhiteBackground, Limit: .995}); got.Passed != c.passed {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestWorst(t *testing.T) {
	for name, c := range map[string]struct {
		checks []Check
		want   channel.Severity
	}{
		"nothing":           {nil, ""},
		"kept":              {[]Check{{Passed: true, Severity: "reject"}}, ""},
		"advice":            {[]Check{{Severity: "advice"}}, channel.Advice},
		"a warning":         {[]Check{{Severity: "advice"}, {Severity: "warn"}}, channel.Warn},
		"a rejection":       {[]Check{{Severity: "reject"}, {Severity: "warn"}}, channel.Reject},
		"of former release": {[]Check{{}}, channel.Warn},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Worst(c.checks); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
