package scene

import (
	"image"
	"math"

	"github.com/opal-photo/opal/modules/picture"
)

// backdrop is a finished set without a product. It is immutable once built, so
// the cache can share it with any number of renders.
type backdrop struct {
	frame
	img *image.NRGBA // what the viewer sees
	lin []uint16     // the same in 16-bit linear light, for shadows to darken

	// catch tells how much of a shadow each spot receives (low resolution):
	// none behind the table's edge or below the rim of a podium.
	catch     []float32
	catchW    int
	catchH    int
	catchStep float32

	named [shownColours]named // where colours of the palette are seen
}

func buildBackdrop(lk look, W, H int, r room, seed uint64) *backdrop {
	b := &backdrop{frame: newFrame(W, H, lk.set, lk.flat, r)}
	f := &b.frame
	if lk.painted {
		b.spread(lk.paint)
		return b
	}
	// About a quarter of a megapixel is plenty for what is out of focus.
	step := float32(math.Ceil(math.Sqrt(float64(W) * float64(H) / (512 * 512))))
	lw, lh := int(float32(W)/step)+1, int(float32(H)/step)+1
	unit := f.unit / step

	far := newCanvas(lw, lh, unit)
	if lk.flat {
		far.fill(func(x, y float32) rgb { return lk.wallRGB })
	} else {
		paintFar(far, &lk, f, seed)
	}
	mul, add := paintLight(far, &lk, f, unit, seed)
	b.catch, b.catchW, b.catchH, b.catchStep = make([]float32, lw*lh), lw, lh, step

	hasTable := lk.flat || (lk.far != farCove && lk.far != farPodium)
	pod := podium{}
	if lk.far == farPodium && !lk.flat {
		pod = newPodium(f, lk.plinth)
		pod.castOnFloor(far, &lk, f)
	}
	for y := range lh {
		fy := (float32(y) + 0.5) / unit
		for x := range lw {
			v := float32(1)
			switch {
			case lk.flat:
			case pod.a > 0:
				v = pod.onTop((float32(x)+0.5)/unit, fy)
			case hasTable:
				v = smoothstep(f.edge-0.002, f.edge+0.012, fy)
			}
			b.catch[y*lw+x] = v
		}
	}

	b.lin = make([]uint16, W*H*3)
	b.named = far.named
	b.rasterise(&lk, far, mul, add, hasTable, step, seed)
	if lk.far == farPodium && !lk.flat {
		s := &stage{b: b, lk: &lk, mul: mul, step: step}
		s.paintWall()
		s.paintPlinth(pod)
	}
	if lk.surface == paintedWood && !lk.flat {
		at := across(f, float32(lk.side))
		b.shows(0, "surface", at(0.98), 0.86*f.h, at(0.7), 0.97*f.h)
	}
	b.img = image.NewNRGBA(image.Rect(0, 0, W, H))
	b.encodeAll()
	return b
}

// spread fills the backdrop with paint, exactly and without dithering. All of it
// catches shadows.
func (b *backdrop) spread(p picture.Paint) {
	b.catch, b.catchW, b.catchH, b.catchStep = []float32{1}, 1, 1, float32(max(b.W, b.H))
	b.lin = make([]uint16, b.W*b.H*3)
	b.img = image.NewNRGBA(image.Rect(0, 0, b.W, b.H))
	for y := range b.H {
		c := p.At(float64(y) / float64(max(b.H-1, 1)))
		var l [3]uint16
		for i, v := range c {
			l[i] = to16(toLinear[v])
		}
		for x := range b.W {
			i := y*b.W + x
			copy(b.lin[i*3:], l[:])
			copy(b.img.Pix[i*4:], c[:])
			b.img.Pix[i*4+3] = 255
		}
	}
}

// rasterise resolves the far background, the surface and the light into
// full-resolution linear pixels.
func (b *backdrop) rasterise(lk *look, far, mul, add *canvas, hasTable bool, step float32, seed uint64) {
	f := &b.frame
	cols := newColumns(f.W, far.w, step)
	farRow, mulRow, addRow := newRowReader(far, step), newRowReader(mul, step), newRowReader(add, step)
	surface := newSurface(lk.surface, lk, seed)
	var laid []sheet
	if lk.flat {
		laid = b.layOut(lk)
	}
	px := 1 / f.unit
	fibre := speckTile()
	for y := range f.H {
		fy := (float32(y) + 0.5) * px
		row := b.lin[y*f.W*3:][:f.W*3]
		cover := float32(0)
		if lk.flat {
			cover = 1
		} else if hasTable {
			cover = smoothstep(f.edge-0.007, f.edge+0.007, fy)
		}
		mulRow.seek(y)
		if cover < 1 {
			farRow.seek(y)
		}
		var scale, depth, level, spot float32
		if cover > 0 {
			if !lk.flat {
				addRow.seek(y)
			}
			var dv float32
			scale, depth, dv = 1, fy, px
			if !lk.flat {
				scale, depth = f.floor(fy)
				_, next := f.floor(fy + px)
				dv = abs32(depth - next)
			}
			level = max(float32(math.Log2(float64(max(scale*px, dv*0.6)*700))), 0)
			if !lk.flat { // depth of field around the product
				d := fy - f.contact
				level += max(-d*9-0.4, d*7-0.5, 0)
			}
			spot = 0.0017 * float32(math.Exp2(float64(level)))
		}
		for x := range f.W {
			var c rgb
			m := mulRow.get(&cols, x)
			if cover < 1 {
				c = farRow.get(&cols, x)
				if !hasTable {
					// Paper tooth, barely visible, keeps a sweep from looking
					// computed.
					c = c.scale(1 + 0.006*fibre.sharp(float32(x)*px*4, fy*4, 1))
				}
				c = c.times(m)
			}
			if cover > 0 {
				fx := (float32(x) + 0.5) * px
				s := surface((fx-f.cx)*scale+floorCentre, depth, detail{level, spot})
				for i := range laid {
					s = laid[i].over(s, fx, fy, px, fibre)
				}
				s = s.times(m)
				if !lk.flat {
					s = s.plus(addRow.get(&cols, x))
				}
				if cover < 1 {
					c = mix(c, s, cover)
				} else {
					c = s
				}
			}
			row[x*3], row[x*3+1], row[x*3+2] = to16(c.R), to16(c.G), to16(c.B)
		}
	}
}

// encodeAll fills img from lin with dithering.
func (b *backdrop) encodeAll() {
	encode := encodeTable()
	dither := ditherTile()
	const dm = 1<<ditherBits - 1
	for y := range b.H {
		d := dither[(y&dm)<<ditherBits:][:dm+1]
		src := b.lin[y*b.W*3:][:b.W*3]
		dst := b.img.Pix[y*b.img.Stride:][:b.W*4]
		for x := range b.W {
			n := uint32(d[x&dm])
			s := src[x*3 : x*3+3 : x*3+3]
			o := dst[x*4 : x*4+4 : x*4+4]
			o[0] = uint8(min(uint32(encode[s[0]])+n, 65535) >> 8)
			o[1] = uint8(min(uint32(encode[s[1]])+n, 65535) >> 8)
			o[2] = uint8(min(uint32(encode[s[2]])+n, 65535) >> 8)
			o[3] = 255
		}
	}
}
