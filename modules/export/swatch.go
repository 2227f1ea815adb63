package export

import (
	"image"
	"math"
	"slices"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/imaging"
)

// A swatch is a square of a product's material, each pixel as the photo has it: cut from
// inside the product, where its tone and its texture are most even.

const (
	swatchCells = 160 // of the product's longer side, in which the place is looked for
	swatchParts = 5   // a side of the square is compared in so many parts
	swatchShare = 0.8 // of the largest square that fits, where that is smaller than the preset's: room to choose
	swatchAlike = 1.3 // times, and swatchStep more: a square is as even as another
	swatchStep  = 0.8
	swatchLeast = 16 // pixels; a product without such a square has no swatch of its own

	// What a step in lightness or colour between a square's parts counts, a step in their
	// texture, the way to the product's own colour, and light that has burnt out, all in
	// levels of 0–255.
	swatchTone, swatchTexture, swatchOwn, swatchBurnt = 1.0, 1.5, 0.25, 40.0
	burntFrom                                         = 250.0
)

// swatchSizes are the sizes that are tried, of the largest: a smaller square may lie beside
// a print that a larger one shows a part of.
var swatchSizes = []float64{1, 0.8, 0.6, 0.45}

// swatch draws a product's swatch.
func swatch(l *Layers, prod *product, p channel.Preset) *image.NRGBA {
	out := imaging.Part(l.Cutout, prod.swatch(l, p))
	for i := 3; i < len(out.Pix); i += 4 { // a product without a square that is all material
		if a := int(out.Pix[i]); a < 255 {
			for c := range 3 {
				v := &out.Pix[i-3+c]
				*v = uint8((int(*v)*a + 255*(255-a)) / 255)
			}
			out.Pix[i] = 255
		}
	}
	return out
}

// swatch returns the square, in pixels of the cut-out, that a preset's swatch shows.
func (p *product) swatch(l *Layers, preset channel.Preset) image.Rectangle {
	side := min(preset.Width, preset.Height)
	if p.square.Empty() || !p.ofOne {
		p.square = swatchIn(l.Cutout, l.CutoutBounds.Rect(), side, preset.LeastLongSide())
	}
	return p.square
}

// swatchIn looks in a cut-out for the square of at most so many pixels a side that lies
// inside the product and shows its material most evenly. It has at least so many pixels a
// side where such a square fits. The same picture gives the same square. A product too thin
// for one gives the square around its middle.
func swatchIn(cut *image.NRGBA, bounds image.Rectangle, side, least int) image.Rectangle {
	cell := max(1, (max(bounds.Dx(), bounds.Dy())+swatchCells-1)/swatchCells)
	g := newSwatchGrid(cut, bounds, cell)
	most := g.largest()
	n := (side + cell - 1) / cell
	enough := (least + cell - 1) / cell
	if enough > most {
		enough = 0 // the photo can't give it
	}
	if most < n {
		n = max(int(swatchShare*float64(most)), min(most, max(enough, 1)))
	}
	if n*cell < swatchLeast {
		return middle(bounds, min(side, bounds.Dx(), bounds.Dy()))
	}
	// the largest that is about as even as the most even one
	type found struct {
		n      int
		at     image.Point
		uneven float64
	}
	var tries []found
	even, own := math.Inf(1), g.own()
	for _, share := range swatchSizes {
		k := max(int(share*float64(n)), min(n, enough)) // no smaller than the channel takes
		if k*cell < swatchLeast {
			break
		}
		at, v := g.mostEven(k, own)
		tries, even = append(tries, found{k, at, v}), math.Min(even, v)
	}
	best := tries[slices.IndexFunc(tries, func(f found) bool { return f.uneven <= swatchAlike*even+swatchStep })]
	px, from := min(best.n*cell, side), bounds.Min.Add(best.at.Mul(cell))
	return image.Rectangle{from, from.Add(image.Pt(px, px))}.Intersect(cut.Rect)
}

// mostEven looks for the square of n cells a side that is all product and most even.
func (g *swatchGrid) mostEven(n int, own [3]float64) (at image.Point, uneven float64) {
	uneven = math.Inf(1)
	for y := 0; y+n <= g.h; y++ {
		for x := 0; x+n <= g.w; x++ {
			if g.outside(x, y, n) > 0 {
				continue
			}
			// of places that are alike the one nearest to the middle
			far := math.Hypot(float64(2*x+n-g.w), float64(2*y+n-g.h)) / float64(g.w+g.h)
			if v := g.uneven(x, y, n, own) + far; v < uneven {
				uneven, at = v, image.Pt(x, y)
			}
		}
	}
	return at, uneven
}

// middle is the square of a side in the middle of a rectangle.
func middle(r image.Rectangle, side int) image.Rectangle {
	at := image.Pt((r.Min.X+r.Max.X-side)/2, (r.Min.Y+r.Max.Y-side)/2)
	return image.Rectangle{at, at.Add(image.Pt(side, side))}
}

// swatchGrid is a product in cells: sums over those above and to the left, a row and a
// column more than cells.
type swatchGrid struct {
	w, h  int
	out   []int        // cells that are not all product
	sum   [][5]float64 // red, green, blue, texture, and cells that have burnt out
	solid []bool
	mean  [][3]float64
}

func newSwatchGrid(cut *image.NRGBA, bounds image.Rectangle, cell int) *swatchGrid {
	g := &swatchGrid{w: bounds.Dx() / cell, h: bounds.Dy() / cell}
	g.out, g.sum = make([]int, (g.w+1)*(g.h+1)), make([][5]float64, (g.w+1)*(g.h+1))
	g.solid, g.mean = make([]bool, g.w*g.h), make([][3]float64, g.w*g.h)
	for y := range g.h {
		for x := range g.w {
			v, solid := cellOf(cut, bounds.Min.X+x*cell, bounds.Min.Y+y*cell, cell)
			i := y*g.w + x
			g.solid[i], g.mean[i] = solid, [3]float64{v[0], v[1], v[2]}
			at, up, left, both := (y+1)*(g.w+1)+x+1, y*(g.w+1)+x+1, (y+1)*(g.w+1)+x, y*(g.w+1)+x
			g.out[at] = g.out[up] + g.out[left] - g.out[both]
			if !solid {
				g.out[at]++
			}
			for c := range v {
				g.sum[at][c] = v[c] + g.sum[up][c] + g.sum[left][c] - g.sum[both][c]
			}
		}
	}
	return g
}

// cellOf returns a cell's mean colour, how much neighbouring pixels differ in it, and
// whether it has burnt out; solid says that all of it is product.
func cellOf(cut *image.NRGBA, x0, y0, cell int) (v [5]float64, solid bool) {
	solid = true
	step := max(1, cell/8)
	n, between := 0.0, 0.0
	for y := y0; y < y0+cell; y++ {
		row := cut.Pix[cut.PixOffset(x0, y):][:cell*4]
		for x := 3; x < len(row) && solid; x += 4 {
			solid = row[x] == 255
		}
		if (y-y0)%step != 0 {
			continue
		}
		for x := 0; x < cell; x += step {
			p := row[x*4:]
			for c := range 3 {
				v[c] += float64(p[c])
			}
			if x+1 < cell {
				v[3] += math.Abs(float64(p[4])-float64(p[0])) + math.Abs(float64(p[5])-float64(p[1])) + math.Abs(float64(p[6])-float64(p[2]))
				between += 3
			}
			n++
		}
	}
	for c := range 3 {
		v[c] /= n
	}
	v[3] /= math.Max(between, 1)
	if min(v[0], v[1], v[2]) > burntFrom {
		v[4] = 1
	}
	return v, solid
}

// largest is the side of the largest square of cells that are all product.
func (g *swatchGrid) largest() int {
	most, above := 0, make([]int, g.w)
	for y := range g.h {
		corner := 0 // of the row above, one to the left
		for x := range g.w {
			was := above[x]
			switch {
			case !g.solid[y*g.w+x]:
				above[x] = 0
			case x == 0:
				above[x] = 1
			default:
				above[x] = 1 + min(above[x-1], was, corner)
			}
			corner = was
			most = max(most, above[x])
		}
	}
	return most
}

// own is the product's own colour: the median of its cells.
func (g *swatchGrid) own() (c [3]float64) {
	for k := range c {
		var all []float64
		for i, solid := range g.solid {
			if solid {
				all = append(all, g.mean[i][k])
			}
		}
		if len(all) > 0 {
			slices.Sort(all)
			c[k] = all[len(all)/2]
		}
	}
	return c
}

// within sums over a square of cells.
func (g *swatchGrid) within(x0, y0, x1, y1 int) (v [5]float64) {
	a, b, c, d := g.sum[y0*(g.w+1)+x0], g.sum[y0*(g.w+1)+x1], g.sum[y1*(g.w+1)+x0], g.sum[y1*(g.w+1)+x1]
	for i := range v {
		v[i] = (d[i] - b[i] - c[i] + a[i]) / float64((x1-x0)*(y1-y0))
	}
	return v
}

// outside counts the cells of a square that are not all product.
func (g *swatchGrid) outside(x, y, n int) int {
	w := g.w + 1
	return g.out[(y+n)*w+x+n] - g.out[y*w+x+n] - g.out[(y+n)*w+x] + g.out[y*w+x]
}

// uneven is how much a square's parts differ from each other in tone and texture, and the
// square from the product's own colour.
func (g *swatchGrid) uneven(x, y, n int, own [3]float64) float64 {
	parts := min(swatchParts, n)
	all := g.within(x, y, x+n, y+n)
	sum := 0.0
	for j := range parts {
		for i := range parts {
			v := g.within(x+i*n/parts, y+j*n/parts, x+(i+1)*n/parts, y+(j+1)*n/parts)
			tone := math.Sqrt((v[0]-all[0])*(v[0]-all[0]) + (v[1]-all[1])*(v[1]-all[1]) + (v[2]-all[2])*(v[2]-all[2]))
			step := swatchTone*tone + swatchTexture*math.Abs(v[3]-all[3])
			sum += step * step // a seam is in few parts
		}
	}
	off := math.Sqrt((all[0]-own[0])*(all[0]-own[0]) + (all[1]-own[1])*(all[1]-own[1]) + (all[2]-own[2])*(all[2]-own[2]))
	return math.Sqrt(sum/float64(parts*parts)) + swatchOwn*off + swatchBurnt*all[4]
}

// swatchPlaced returns the photo's pixels as a swatch shows them, and their window of the
// cut-out.
func swatchPlaced(l *Layers, prod *product, p channel.Preset) (*image.NRGBA, image.Rectangle) {
	r := prod.swatch(l, p)
	return imaging.Part(l.Cutout, r), r
}
