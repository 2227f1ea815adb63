package proof

import (
	"cmp"
	"image"
	"math"
	"slices"

	"github.com/opal-photo/opal/modules/imaging"
)

// Registered is where a product was found in a picture: a point (x, y) of the product
// lies at (X + Scale·x, Y + Scale·y), in pixels.
type Registered struct {
	Scale, X, Y float64
	Score       float64 // correlation of the colours there, 1 when they are alike
}

// FoundFrom is the score from which a product counts as found. From MayBeFrom on it does
// where most of its pixels have kept their colour.
const (
	FoundFrom = 0.75
	MayBeFrom = 0.4
)

// The search goes from coarse to fine.
const (
	coarseSide = 96   // pixels of the picture's longer side at which it begins
	middleSide = 320  //
	fineSide   = 1400 // at most
	sizeStep   = 1.06 // from one size that is tried to the next
	leastSize  = 0.12 // of the picture's longer side that the product takes
	mostSize   = 1.4
	inFrame    = 0.6 // of the product that has to be seen
	kept       = 8   // candidates
)

// sample is a point of the product and its colour.
type sampled struct{ x, y, r, g, b float64 }

// Register looks for a product, given with its alpha, in a picture by size, shift and
// crop; it is not turned or mirrored. The score is 0 when nothing can be looked for.
func Register(product, in *image.NRGBA) Registered {
	b := imaging.AlphaBounds(product, 128)
	w, h := in.Rect.Dx(), in.Rect.Dy()
	if b.Dx() < 8 || b.Dy() < 8 || w < 16 || h < 16 {
		return Registered{}
	}
	long := float64(max(w, h))
	side := float64(max(b.Dx(), b.Dy()))
	type candidate struct{ scale, x, y, score float64 }
	var best []candidate
	k := min(1, coarseSide/long)
	small := imaging.Resize(in, max(1, int(float64(w)*k+.5)), max(1, int(float64(h)*k+.5)))
	for size := leastSize * long; size <= mostSize*long; size *= sizeStep {
		s := size / side
		points := pick(product, b, s*k, 220)
		var top candidate
		pw, ph := float64(b.Dx())*s*k, float64(b.Dy())*s*k
		for y := -(1 - inFrame) * ph; y <= float64(small.Rect.Dy())-inFrame*ph; y++ {
			for x := -(1 - inFrame) * pw; x <= float64(small.Rect.Dx())-inFrame*pw; x++ {
				if c := correlate(points, small, s*k, x, y); c > top.score {
					top = candidate{s, x / k, y / k, c}
				}
			}
		}
		best = append(best, top)
	}
	byScore := func(a, b candidate) int { return cmp.Compare(b.score, a.score) }
	for _, level := range []struct {
		side, step, reach float64
		take, points      int
	}{{middleSide, .012, 3, kept, 900}, {fineSide, .003, 2, 3, 4000}} {
		slices.SortFunc(best, byScore)
		best = best[:min(len(best), level.take)]
		k := min(1, level.side/long)
		scaled := in
		if k < 1 {
			scaled = imaging.Resize(in, max(1, int(float64(w)*k+.5)), max(1, int(float64(h)*k+.5)))
		}
		for i, from := range best {
			top := candidate{from.scale, from.x, from.y, -1}
			cx, cy := from.x+from.scale*float64(b.Dx())/2, from.y+from.scale*float64(b.Dy())/2
			for d := -5.0; d <= 5; d++ {
				s := from.scale * (1 + d*level.step)
				points := pick(product, b, s*k, level.points)
				for dy := -level.reach; dy <= level.reach; dy++ {
					for dx := -level.reach; dx <= level.reach; dx++ {
						x, y := cx+dx/k-s*float64(b.Dx())/2, cy+dy/k-s*float64(b.Dy())/2
						if c := correlate(points, scaled, s*k, x*k, y*k); c > top.score {
							top = candidate{s, x, y, c}
						}
					}
				}
			}
			best[i] = top
		}
	}
	slices.SortFunc(best, byScore)
	top := best[0]
	k = min(1, fineSide/long)
	scaled := in
	if k < 1 {
		scaled = imaging.Resize(in, max(1, int(float64(w)*k+.5)), max(1, int(float64(h)*k+.5)))
	}
	// the placement of the box becomes that of the whole product
	found := Registered{Scale: top.scale * k, X: k * (top.x - top.scale*float64(b.Min.X)), Y: k * (top.y - top.scale*float64(b.Min.Y)), Score: top.score}
	fine := settle(product, scaled, found)
	fine.Score = correlate(pick(product, b, fine.Scale, 4000), scaled, fine.Scale, fine.X+fine.Scale*float64(b.Min.X), fine.Y+fine.Scale*float64(b.Min.Y))
	if fine.Score < found.Score-.01 {
		fine = found
	}
	return Registered{Scale: fine.Scale / k, X: fine.X / k, Y: fine.Y / k, Score: fine.Score}
}

// pick takes about n points of a product, spread evenly, and the mean colour around
// each, as it is seen at a scale. Points are given from the corner of its box b.
func pick(img *image.NRGBA, b image.Rectangle, scale float64, n int) []sampled {
	step := max(1, math.Sqrt(float64(b.Dx()*b.Dy())/float64(n)))
	r := max(0, int(.5/scale))
	var out []sampled
	for fy := step / 2; fy < float64(b.Dy()); fy += step {
		for fx := step / 2; fx < float64(b.Dx()); fx += step {
			x, y := b.Min.X+int(fx), b.Min.Y+int(fy)
			if img.Pix[y*img.Stride+4*x+3] < 255 {
				continue
			}
			var c [3]float64
			m := 0.0
			q := max(1, r/3) // a few of many pixels are enough
			for yy := max(b.Min.Y, y-r); yy <= min(b.Max.Y-1, y+r); yy += q {
				for xx := max(b.Min.X, x-r); xx <= min(b.Max.X-1, x+r); xx += q {
					if p := img.Pix[yy*img.Stride+4*xx:]; p[3] == 255 {
						m++
						c[0], c[1], c[2] = c[0]+float64(p[0]), c[1]+float64(p[1]), c[2]+float64(p[2])
					}
				}
			}
			if m > 0 {
				out = append(out, sampled{float64(x-b.Min.X) + .5, float64(y-b.Min.Y) + .5, c[0] / m, c[1] / m, c[2] / m})
			}
		}
	}
	return out
}

// correlate compares points with a picture where a placement puts them: correlation of
// the three channels, each about its mean. 0 when too few lie in the frame.
func correlate(points []sampled, img *image.NRGBA, scale, x, y float64) float64 {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	var n float64
	var sa, sb, saa, sbb, sab [3]float64
	for i := range points {
		p := &points[i]
		px, py := int(x+scale*p.x), int(y+scale*p.y)
		if px < 0 || py < 0 || px >= w || py >= h {
			continue
		}
		q := img.Pix[py*img.Stride+4*px:]
		n++
		for c, a := range [3]float64{p.r, p.g, p.b} {
			b := float64(q[c])
			sa[c], sb[c] = sa[c]+a, sb[c]+b
			saa[c], sbb[c], sab[c] = saa[c]+a*a, sbb[c]+b*b, sab[c]+a*b
		}
	}
	if n < 12 || n < inFrame*float64(len(points)) {
		return 0
	}
	var cov, va, vb float64
	for c := range 3 {
		cov += sab[c] - sa[c]*sb[c]/n
		va += saa[c] - sa[c]*sa[c]/n
		vb += sbb[c] - sb[c]*sb[c]/n
	}
	if va <= n || vb <= n { // all of one colour: nothing to compare
		return 0
	}
	return cov / math.Sqrt(va*vb)
}

// settle refines a placement to parts of a pixel, by the method of Gauss and Newton on
// brightness. r places the product itself.
func settle(product *image.NRGBA, in *image.NRGBA, r Registered) Registered {
	const rounds, least, enough = 5, 200, .02
	l := lumaOf(in)
	w := in.Rect.Dx()
	for range rounds {
		window := r.Box(product).Intersect(in.Rect)
		if window.Dx() < 3 || window.Dy() < 3 {
			return r
		}
		placed := r.At(product, window)
		mask, lp := inside(placed, 1), lumaOf(placed)
		pw, ph := window.Dx(), window.Dy()
		var a [3][3]float64
		var rhs [3]float64
		n := 0
		for y := 1; y < ph-1; y++ {
			for x := 1; x < pw-1; x++ {
				i := y*pw + x
				if mask.Pix[i] == 0 {
					continue
				}
				n++
				gx, gy := float64(lp[i+1]-lp[i-1])/2, float64(lp[i+pw]-lp[i-pw])/2
				d := float64(lp[i] - l[(window.Min.Y+y)*w+window.Min.X+x])
				fx, fy := (float64(window.Min.X+x)+.5-r.X)/r.Scale, (float64(window.Min.Y+y)+.5-r.Y)/r.Scale
				j := [3]float64{gx*fx + gy*fy, gx, gy}
				for c := range 3 {
					rhs[c] += j[c] * d
					for k := range 3 {
						a[c][k] += j[c] * j[k]
					}
				}
			}
		}
		step, ok := solve(a, rhs)
		if n < least || !ok {
			return r
		}
		r.Scale, r.X, r.Y = r.Scale+step[0], r.X+step[1], r.Y+step[2]
		if math.Abs(step[0])*float64(max(product.Rect.Dx(), product.Rect.Dy())) < enough && math.Hypot(step[1], step[2]) < enough {
			return r
		}
	}
	return r
}

// Box is where a product lies in the picture, in whole pixels.
func (r Registered) Box(product *image.NRGBA) image.Rectangle {
	return image.Rect(int(math.Floor(r.X)), int(math.Floor(r.Y)), int(math.Ceil(r.X+r.Scale*float64(product.Rect.Dx()))), int(math.Ceil(r.Y+r.Scale*float64(product.Rect.Dy()))))
}

// solve solves three equations by Cramer's rule.
func solve(a [3][3]float64, r [3]float64) (out [3]float64, ok bool) {
	det := func(m [3][3]float64) float64 {
		return m[0][0]*(m[1][1]*m[2][2]-m[1][2]*m[2][1]) - m[0][1]*(m[1][0]*m[2][2]-m[1][2]*m[2][0]) + m[0][2]*(m[1][0]*m[2][1]-m[1][1]*m[2][0])
	}
	d := det(a)
	if math.Abs(d) < 1e-9 {
		return out, false
	}
	for i := range 3 {
		m := a
		for k := range 3 {
			m[k][i] = r[k]
		}
		out[i] = det(m) / d
	}
	return out, true
}

// At returns the part of a product that a placement puts into a window of a picture,
// resampled by Lanczos' kernel over three pixels.
func (r Registered) At(product *image.NRGBA, window image.Rectangle) *image.NRGBA {
	const lobes = 3
	w, h := window.Dx(), window.Dy()
	sw, sh := product.Rect.Dx(), product.Rect.Dy()
	reach := lobes * max(1, 1/r.Scale)
	taps := func(n, source int, from float64) (first []int, weights [][]float64) {
		for i := range n {
			c := (float64(i)+.5-from)/r.Scale - .5
			lo := int(math.Ceil(c - reach))
			var k []float64
			total := 0.0
			for j := lo; float64(j) <= c+reach; j++ {
				v := lanczos((float64(j) - c) / (reach / lobes))
				k, total = append(k, v), total+v
			}
			for j := range k {
				k[j] /= total
			}
			first, weights = append(first, lo), append(weights, k)
		}
		return first, weights
	}
	fx, wx := taps(w, sw, r.X-float64(window.Min.X))
	fy, wy := taps(h, sh, r.Y-float64(window.Min.Y))
	rows := make([][4]float64, w*sh) // premultiplied
	for y := range sh {
		src := product.Pix[y*product.Stride:]
		for x := range w {
			var sum [4]float64
			for j, k := range wx[x] {
				i := fx[x] + j
				if i < 0 || i >= sw {
					continue
				}
				p := src[4*i : 4*i+4 : 4*i+4]
				a := k * float64(p[3]) / 255
				sum[0], sum[1], sum[2], sum[3] = sum[0]+a*float64(p[0]), sum[1]+a*float64(p[1]), sum[2]+a*float64(p[2]), sum[3]+a
			}
			rows[y*w+x] = sum
		}
	}
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			var sum [4]float64
			for j, k := range wy[y] {
				i := fy[y] + j
				if i < 0 || i >= sh {
					continue
				}
				for c, v := range rows[i*w+x] {
					sum[c] += k * v
				}
			}
			if sum[3] < 1e-3 {
				continue
			}
			o := out.Pix[y*out.Stride+4*x:]
			for c := range 3 {
				o[c] = uint8(max(0, min(255, sum[c]/sum[3]+.5)))
			}
			o[3] = uint8(max(0, min(255, 255*sum[3]+.5)))
		}
	}
	return out
}

func lanczos(x float64) float64 {
	if x == 0 {
		return 1
	}
	if math.Abs(x) >= 3 {
		return 0
	}
	return 3 * math.Sin(math.Pi*x) * math.Sin(math.Pi*x/3) / (math.Pi * math.Pi * x * x)
}
