package check

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/picture"
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
	return with(cast(img, b, tint), b, red)
}

// cast draws the shadow of a box.
func cast(img *image.NRGBA, b image.Rectangle, tint color.NRGBA) *image.NRGBA {
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
	return img
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

// testDay is the day whose rules count in tests.
var testDay = time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)

// Every rule has a picture that keeps it and one that breaks it, each a jar. Its mask is
// not given: the check looks for the product.
//
//	go test ./modules/check -run EveryRule -sheet /tmp/rules.html
//
// writes them on a page, with what is measured and the reason drawn as in a report.
func TestEveryRuleIsKeptAndBroken(t *testing.T) {
	const side = 500
	middle := image.Rect(140, 110, 360, 390)
	clear := color.NRGBA{}
	product := jar(side, side, paper, middle)
	small := jar(side, side, paper, image.Rect(210, 200, 290, 300))
	shown := func(img *image.NRGBA) *Picture { return &Picture{Image: img} }
	file := func(format channel.Format, n int) *Picture {
		return &Picture{Image: product, Format: format, File: make([]byte, n)}
	}
	cases := map[string]struct {
		rule         channel.Rule
		kept, broken *Picture
	}{
		channel.LongSide:        {channel.Rule{Limit: 500}, shown(product), shown(jar(499, 300, paper, image.Rect(180, 40, 320, 260)))},
		channel.ShortSide:       {channel.Rule{Limit: 500}, shown(product), shown(jar(600, 499, paper, image.Rect(190, 110, 410, 390)))},
		channel.Width:           {channel.Rule{Limit: 381}, shown(jar(381, 550, paper, image.Rect(80, 100, 300, 450))), shown(jar(380, 550, paper, image.Rect(80, 100, 300, 450)))},
		channel.Height:          {channel.Rule{Limit: 550}, shown(jar(381, 550, paper, image.Rect(80, 100, 300, 450))), shown(jar(381, 549, paper, image.Rect(80, 100, 300, 450)))},
		channel.LongSideAtMost:  {channel.Rule{Limit: 500}, shown(product), shown(jar(501, 400, paper, image.Rect(160, 60, 340, 340)))},
		channel.ShortSideAtMost: {channel.Rule{Limit: 500}, shown(product), shown(jar(501, 502, paper, middle))},
		channel.ProductSide:     {channel.Rule{Limit: 250}, shown(product), shown(small)},
		channel.Aspect:          {channel.Rule{Limit: .6944, Tolerance: .005}, shown(jar(375, 540, paper, image.Rect(70, 100, 305, 440))), shown(product)},
		channel.Formats:         {channel.Rule{AnyOf: []string{"jpeg", "png"}}, file(channel.JPEG, 0), file(channel.AVIF, 0)},
		channel.FileSize:        {channel.Rule{Limit: 10 << 20}, file(channel.JPEG, 2<<20), file(channel.JPEG, 11<<20)},
		channel.FileSizeAtLeast: {channel.Rule{Limit: 30 << 10}, file(channel.JPEG, 64<<10), file(channel.JPEG, 12<<10)},
		channel.FillAtLeast:     {channel.Rule{Limit: .5}, shown(product), shown(small)},
		channel.FillAtMost:      {channel.Rule{Limit: .9}, shown(product), shown(jar(side, side, paper, image.Rect(90, 10, 410, 490)))},
		channel.WhiteBackground: {channel.Rule{Limit: .995}, shown(shadowedGoods(jar(side, side, paper), middle)), shown(goods(with(jar(side, side, paper), image.Rect(60, 40, 440, 460), grey), middle))},
		channel.PlainBackground: {channel.Rule{Limit: .995}, shown(jar(side, side, clear, middle)), shown(jar(side, side, grey, middle))},
		channel.WhiteBorder:     {channel.Rule{Limit: 1}, shown(product), shown(with(jar(side, side, paper, middle), image.Rect(0, 0, side, 6), grey))},
		channel.Residue:         {channel.Rule{Limit: .0005}, shown(product), shown(with(jar(side, side, paper, middle), image.Rect(60, 60, 84, 84), color.NRGBA{96, 88, 80, 255}))},
		channel.Cropped:         {channel.Rule{}, shown(product), shown(jar(side, side, paper, image.Rect(140, 250, 360, 580)))},
		channel.ObjectsAtMost:   {channel.Rule{Limit: 1}, shown(product), shown(jar(side, side, paper, image.Rect(40, 150, 210, 360), image.Rect(290, 150, 460, 360)))},
		channel.Sharpness:       {channel.Rule{Limit: .12}, shown(product), shown(soft(product))},
		channel.SafeWidth:       {channel.Rule{Limit: .9}, shown(product), shown(jar(side, side, paper, image.Rect(6, 110, 226, 390)))},
		channel.SafeZone: {channel.Rule{Box: []float64{0, .14, 1, .8}}, shown(jar(338, 600, paper, image.Rect(60, 160, 278, 460))),
			shown(jar(338, 600, paper, image.Rect(60, 280, 278, 560)))},
		channel.NoShadow:     {channel.Rule{Limit: .002}, shown(product), shown(shadowedGoods(jar(side, side, paper), middle))},
		channel.ColourSpace:  {channel.Rule{AnyOf: []string{"srgb", "grey"}}, &Picture{Image: product, Colour: "srgb"}, &Picture{Image: product, Colour: "cmyk"}},
		channel.FileName:     {channel.Rule{AnyOf: []string{"{asin}.MAIN"}}, &Picture{Image: product, Name: "B0ABCDEFGH.MAIN.jpg"}, &Picture{Image: product, Name: "B0ABCDEFGH-MAIN.jpg"}},
		channel.SetSize:      {channel.Rule{Limit: 5}, &Picture{Image: product, Set: 5}, &Picture{Image: product, Set: 4}},
		channel.HasAlpha:     {channel.Rule{Limit: 1}, shown(jar(side, side, clear, middle)), shown(product)},
		channel.IsOpaque:     {channel.Rule{}, shown(product), shown(jar(side, side, clear, middle))},
		channel.NotGenerated: {channel.Rule{}, &Picture{Image: product, XMP: []byte("composite")}, &Picture{Image: product, XMP: []byte("trainedAlgorithmicMedia")}},
	}
	var looked []shownRule
	for _, name := range channel.RuleNames() {
		t.Run(name, func(t *testing.T) {
			c, ok := cases[name]
			if !ok {
				t.Fatal("there is no picture for it: add one that keeps it and one that breaks it to the cases of this test")
			}
			c.rule.Name = name
			if got := c.kept.try(c.rule); !got.Passed {
				t.Errorf("the good one breaks it: %+v; a rule about the product has to be in productRules of subject.go", got)
			}
			if got := c.broken.try(c.rule); got.Passed || got.Measured == got.Wanted {
				t.Errorf("the bad one keeps it: %+v", got)
			}
			for _, pic := range []*Picture{c.kept, c.broken} {
				got := pic.try(c.rule)
				if f := got.Figure; f != nil && f.Bound != About && got.Passed != (f.Bound == AtLeast && f.Value >= f.Limit || f.Bound == AtMost && f.Value <= f.Limit) {
					t.Errorf("its figures say otherwise than it: %+v, %+v", got, *f)
				}
			}
			plain, drawn := c.broken.Draw(side, nil), c.broken.Draw(side, []channel.Rule{c.rule})
			if slices.Contains(productRules, name) && bytes.Equal(plain.Pix, drawn.Pix) {
				t.Error("a report shows no reason on the picture: draw.go draws nothing for it")
			}
			if adviceOn(c.rule) == "" {
				t.Error("nothing is said to do about it")
			}
			if *sheet != "" {
				looked = append(looked, shownRule{name, [2]shownPicture{shownOf(t, c.kept, c.rule), shownOf(t, c.broken, c.rule)}})
			}
		})
	}
	if *sheet != "" {
		writeSheet(t, looked)
	}
}

// shadowedGoods stands the goods on the ground with their shadow.
func shadowedGoods(img *image.NRGBA, b image.Rectangle) *image.NRGBA {
	return goods(cast(img, b, color.NRGBA{A: 255}), b)
}

// What is measured is never written like what is wanted when the rule is broken.
func TestMeasuresDifferFromLimitsInWords(t *testing.T) {
	for name, c := range map[string]Check{
		"just too little": ofLeast(.84996, .85, ""), "just too much": ofMost(.90004, .9, ""), "nearly all": ofLeast(.99999, 1, ""),
	} {
		t.Run(name, func(t *testing.T) {
			if c.Passed || strings.HasSuffix(c.Wanted, " "+c.Measured) || c.Measured == "100 %" {
				t.Errorf("%+v", c)
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

// A product that is sharp and plain has few edges, and one in focus by a part has them there.
func TestSharpnessIsThatOfEdges(t *testing.T) {
	box := image.Rect(250, 120, 1750, 1880)
	large := frame(2000, 2000, paper, box)
	blurred := soft(large)
	half := jar(1000, 1000, paper, image.Rect(200, 100, 800, 900))
	draw.Draw(half, image.Rect(0, 0, 1000, 450), soft(half), image.Point{}, draw.Src)
	cut := jar(1000, 1000, paper, image.Rect(200, 100, 800, 900))
	for name, c := range map[string]struct {
		img    *image.NRGBA
		passed bool
	}{
		"a plain product of 2000 px":       {large, true},
		"the same, blurred":                {blurred, false},
		"blurred in its upper half":        {half, true},
		"blurred, with a sharp outline":    {sharpOutline(soft(cut), cut), false},
		"too small to have edges measured": {frame(200, 200, paper, image.Rect(90, 90, 110, 110)), true},
	} {
		t.Run(name, func(t *testing.T) {
			p := &Picture{Image: c.img}
			if got := p.try(channel.Rule{Name: channel.Sharpness, Limit: .12}); got.Passed != c.passed {
				t.Errorf("%+v", got)
			}
		})
	}
}

// sharpOutline cuts a blurred product out by the outline of the sharp one.
func sharpOutline(blurred, sharp *image.NRGBA) *image.NRGBA {
	for i := 0; i < len(sharp.Pix); i += 4 {
		if sharp.Pix[i] == 255 && sharp.Pix[i+1] == 255 {
			copy(blurred.Pix[i:i+4], []uint8{255, 255, 255, 255})
		}
	}
	return blurred
}

// A grey backdrop has what a shadow has: it lies at the product, and fades.
func TestABackdropIsNoShadow(t *testing.T) {
	middle := image.Rect(140, 110, 360, 390)
	faded := jar(500, 500, paper)
	for y := range 500 {
		for x := range 500 {
			v := uint8(min(255, 228+(500-y)*32/500))
			faded.SetNRGBA(x, y, color.NRGBA{v, v, v, 255})
		}
	}
	for name, c := range map[string]struct {
		img    *image.NRGBA
		passed bool
	}{
		"a grey backdrop that fades":        {goods(faded, middle), true},
		"a shadow on white":                 {shadowedGoods(jar(500, 500, paper), middle), false},
		"a shadow that the frame cuts off":  {shadowedGoods(jar(500, 500, paper), image.Rect(140, 180, 360, 470)), false},
		"a shadow wide enough for one side": {shadowedGoods(jar(500, 500, paper), image.Rect(60, 180, 440, 470)), false},
	} {
		t.Run(name, func(t *testing.T) {
			p := &Picture{Image: c.img, Product: jarMask(c.img)}
			if got := p.try(channel.Rule{Name: channel.NoShadow, Limit: .002}); got.Passed != c.passed {
				t.Errorf("%+v", got)
			}
		})
	}
}

// Two looks at two different things don't tell of loose parts.
func TestLoosePartsOfTwoProductsAreUnsure(t *testing.T) {
	img := jar(600, 600, paper, image.Rect(180, 140, 400, 420))
	with(img, image.Rect(60, 60, 84, 84), color.NRGBA{96, 88, 80, 255})
	mask := func(b image.Rectangle) *image.Alpha {
		m := image.NewAlpha(img.Rect)
		draw.Draw(m, b, image.Opaque, image.Point{}, draw.Src)
		draw.Draw(m, image.Rect(60, 60, 84, 84), image.Opaque, image.Point{}, draw.Src)
		return m
	}
	p := channel.Preset{Rules: []channel.Rule{{Name: channel.Residue, Limit: .0005, Severity: channel.Reject}}}
	for name, c := range map[string]struct {
		at     image.Rectangle
		unsure bool
	}{"of the same": {image.Rect(180, 140, 400, 420), false}, "of a part of it": {image.Rect(180, 140, 300, 160), true}} {
		t.Run(name, func(t *testing.T) {
			s := &Subject{Picture: Picture{Image: img}}
			s.Place(mask(c.at), ByCutter, .1)
			if got := s.Judge(p, testDay)[0]; got.Passed || got.Unsure != c.unsure {
				t.Errorf("%+v", got)
			}
		})
	}
}

// jarMask is where the goods differ from any grey.
func jarMask(img *image.NRGBA) *image.Alpha {
	mask := image.NewAlpha(img.Rect)
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			if c := img.NRGBAAt(x, y); c.R != c.G || c.G != c.B {
				mask.Pix[y*mask.Stride+x] = 255
			}
		}
	}
	return mask
}

func TestACutOutIsToldToBeFilledWithWhite(t *testing.T) {
	r := channel.Rule{Name: channel.WhiteBackground, Limit: .995}
	got := Rules(channel.Preset{Rules: []channel.Rule{r}}, &Picture{Image: jar(500, 500, color.NRGBA{}, image.Rect(140, 110, 360, 390))}, testDay)[0]
	if got.Passed || got.Measured != "a transparent background" || !strings.Contains(got.Advice, "Fill") {
		t.Errorf("%+v", got)
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

// TestAZoneIsOpenWhereAProductComesOutOfTheFrame: a lamp that hangs from the upper edge is above each
// zone; below and beside it is held to it all the same.
func TestAZoneIsOpenWhereAProductComesOutOfTheFrame(t *testing.T) {
	zone := []float64{.1, .14, .9, .8}
	for edge, c := range map[string]struct{ open, low image.Rectangle }{
		picture.AnchorTop:    {image.Rect(20, 0, 60, 100), image.Rect(20, 0, 60, 190)},
		picture.AnchorBottom: {image.Rect(20, 60, 60, 200), image.Rect(20, 10, 60, 200)},
		picture.AnchorLeft:   {image.Rect(0, 60, 60, 100), image.Rect(0, 60, 98, 100)},
		picture.AnchorRight:  {image.Rect(20, 60, 100, 100), image.Rect(1, 60, 100, 100)},
	} {
		for at, wants := range map[image.Rectangle][2]bool{c.open: {true, false}, c.low: {false, false}, image.Rect(20, 60, 60, 100): {true, true}} {
			p := &product{w: 100, h: 200, box: at}
			if got := [2]bool{p.inZone(zone, edge).Passed, p.inZone(zone, "").Passed}; got != wants {
				t.Errorf("%s, %v: %v, wanted %v", edge, at, got, wants)
			}
		}
	}
}
