package check

import (
	"encoding/base64"
	"flag"
	"html/template"
	"image"
	"image/color"
	"image/draw"
	"math"
	"os"
	"testing"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/imaging"
)

// goods draws a jar with a lid and a label into a box of a picture: shaded, with fine print,
// and all of it darker than what counts as white.
func goods(img *image.NRGBA, b image.Rectangle) *image.NRGBA {
	for y := max(b.Min.Y, 0); y < min(b.Max.Y, img.Rect.Dy()); y++ {
		for x := max(b.Min.X, 0); x < min(b.Max.X, img.Rect.Dx()); x++ {
			u, v := (float64(x)+.5-float64(b.Min.X))/float64(b.Dx()), (float64(y)+.5-float64(b.Min.Y))/float64(b.Dy())
			r := math.Abs(2*u - 1) // from the middle
			lid := v < .2
			if lid && r > .86 || !lid && math.Pow(r, 8)+math.Pow(max(0, v-.9)*10, 4) > 1 {
				continue // beside the lid, and the round foot
			}
			c, light := [3]float64{176, 58, 46}, .55+.45*math.Sqrt(max(0, 1-r*r))
			switch {
			case lid:
				c = [3]float64{72, 70, 66}
				if int(u*40)%2 == 0 {
					light *= .8
				}
			case v > .38 && v < .78 && r < .8:
				c = [3]float64{232, 222, 200}
				if line := (v - .42) * 20; line > 0 && line < 6 && int(line*3)%3 == 1 && int(u*31)%4 != 3 && r < .65 {
					c = [3]float64{40, 38, 44}
				}
			}
			i := img.PixOffset(x, y)
			for k := range c {
				img.Pix[i+k] = uint8(c[k] * light)
			}
			img.Pix[i+3] = 255
		}
	}
	return img
}

// jar is a picture of the goods, in each of some boxes.
func jar(w, h int, ground color.NRGBA, boxes ...image.Rectangle) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Rect, image.NewUniform(ground), image.Point{}, draw.Src)
	for _, b := range boxes {
		goods(img, b)
	}
	return img
}

var sheet = flag.String("sheet", "", "write a page with every rule's pictures to this file, to be looked at")

// shownRule is a rule's two pictures on the sheet.
type shownRule struct {
	Name string
	Of   [2]shownPicture
}

type shownPicture struct {
	Picture template.URL
	Check   Check
	W, H    int
}

// shownOf draws a picture as a report does, at its full size.
func shownOf(t *testing.T, p *Picture, r channel.Rule) shownPicture {
	t.Helper()
	c := Rules(channel.Preset{Rules: []channel.Rule{r}}, p, testDay)[0]
	var broken []channel.Rule
	if !c.Passed {
		broken = append(broken, r)
	}
	b, err := imaging.Encode(p.Draw(math.MaxInt32, broken), imaging.EncodeOptions{Format: imaging.PNG, Effort: 1})
	if err != nil {
		t.Fatal(err)
	}
	return shownPicture{Picture: template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b)), Check: c, W: p.Image.Rect.Dx(), H: p.Image.Rect.Dy()}
}

var sheetPage = template.Must(template.New("sheet").Parse(`<!doctype html><meta charset="utf-8"><title>Rules</title>
<style>body{font:16px sans-serif;background:#bbb}section{display:grid;grid-template-columns:1fr 1fr;gap:1rem;margin:2rem 0}h2{grid-column:1/3;margin:0}img{display:block}</style>
{{range .}}<section><h2>{{.Name}}</h2>{{range .Of}}<div><p>{{if .Check.Passed}}kept{{else}}<b>broken</b>{{end}}: {{.Check.Measured}}, wanted {{.Check.Wanted}}{{if not .Check.Passed}}<br>{{.Check.Advice}}{{end}}</p><img src="{{.Picture}}"> {{.W}} × {{.H}}</div>{{end}}</section>
{{end}}`))

func writeSheet(t *testing.T, all []shownRule) {
	t.Helper()
	f, err := os.Create(*sheet)
	if err != nil {
		t.Fatal(err)
	}
	if err := sheetPage.Execute(f, all); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
