package scene

// The limits of what is taken for a cord that goes on beyond the photo's upper edge.
const (
	// leastCord is how many pixels of product a row of it holds at least, partly covered ones by
	// their share: less may be a rest of the backdrop.
	leastCord = 2.5
	// It is followed cordDepth of the product's height into the photo, and cordRows at least. On
	// its way it is cordGrows of its width at the edge and a pixel wide at most, and cordShrinks
	// of it at least: a tip that only touches the edge widens, a rest of the backdrop ends.
	cordDepth   = 0.05
	cordRows    = 12
	cordGrows   = 1.3
	cordShrinks = 0.6
)

// hangsByCord reports whether a thin part of the product leaves the photo at its upper edge, as
// the cord of a lamp does, however thin it is beside the product. It is for the upper edge alone:
// at the others thin lines are often the edge of a table.
func (p *product) hangsByCord() bool {
	rows := max(cordRows, int(cordDepth*float64(p.box.Dy())))
	if rows >= p.box.Dy() {
		return false
	}
	for from := p.box.Min.X; from < p.box.Max.X; {
		first, last, width := p.run(0, from, p.box.Max.X)
		if width == 0 {
			return false
		}
		if width >= leastCord && p.goesOn(first, last, width, rows) {
			return true
		}
		from = last
	}
	return false
}

// goesOn follows a run of product from the upper edge down.
func (p *product) goesOn(first, last int, width float64, rows int) bool {
	for y := 1; y <= rows; y++ {
		// The widest run that touches the row's above: beside a cord there may be a speck.
		from, most := max(first-1, p.box.Min.X), 0.
		end := min(last+1, p.box.Max.X)
		for p.alpha(from, y) >= visible && from > p.box.Min.X {
			from--
		}
		for from < end {
			f, l, w := p.run(y, from, p.box.Max.X)
			if w == 0 || f >= end {
				break
			}
			if w > most {
				first, last, most = f, l, w
			}
			from = l
		}
		if most < cordShrinks*width || most > cordGrows*width+1 {
			return false
		}
	}
	return true
}

// run returns the next run of what is visible in a row from a column on, as its first column and the
// one behind its last, and how many pixels of product it holds; 0, where there is none.
func (p *product) run(y, from, to int) (first, last int, width float64) {
	for first = from; first < to && p.alpha(first, y) < visible; first++ {
	}
	for last = first; last < to && p.alpha(last, y) >= visible; last++ {
		width += float64(p.alpha(last, y)) / 255
	}
	return first, last, width
}

// alpha is the product's at a pixel of its picture, counted from its upper left corner.
func (p *product) alpha(x, y int) uint8 { return p.img.Pix[y*p.img.Stride+4*x+3] }
