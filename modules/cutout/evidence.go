package cutout

import "math"

// measure collects what tells good joined cut-outs from bad ones.
func (j *joint) measure(fg []bool, f map[string]float64) {
	w, h := j.w, j.h
	signed := signedDistance(fg, w, h)
	rim, weak, touch, inner, like, dark, low := 0., 0., 0., 0., 0., 0., 0.
	blur := 0.
	for i, d := range signed.p {
		x, y := i%w, i/w
		edge := x == 0 || y == 0 || x == w-1 || y == h-1
		if v := j.raw.p[i]; abs32(d) <= settleRim {
			blur += float64(min(v, 1-v))
		}
		if !fg[i] {
			continue
		}
		if edge {
			touch++
		}
		if d > 3 {
			inner++
			if e, shadow := j.differs(i); e < partAlike {
				like++
			} else if shadow && j.rough.p[i] < gapTexture {
				dark++
			}
		}
		if d > .6 || edge {
			continue
		}
		rim++
		var best float32
		for k := range 8 {
			ox, oy, ix, iy := x+3*dxs[k], y+3*dys[k], x-2*dxs[k], y-2*dys[k]
			if j.inside(ox, oy) && j.inside(ix, iy) && !fg[oy*w+ox] && fg[iy*w+ix] {
				best = max(best, j.smooth.dist2(oy*w+ox, iy*w+ix))
			}
		}
		if c := sqrt32(best); c < 4*j.sigma[0]+2 {
			weak++
		}
		if best < 36 {
			low++
		}
	}
	area := share(fg)
	f["area"] = area
	f["touch"] = touch / float64(2*(w+h))
	f["edge_weak"] = weak / max(rim, 1)
	f["edge_low"] = low / max(rim, 1)
	f["blur"] = blur / max(rim, 1)
	f["like_backdrop"] = like / max(inner, 1)
	f["like_shadow"] = dark / max(inner, 1)
	f["inlier"] = j.inlier
	f["log_sigma"] = math.Log(float64(j.sigma[0] + (j.sigma[1]+j.sigma[2])/2))
	f["log_compact"] = math.Log(rim*rim/max(area*float64(j.n), 1)/12.57 + 1)
	moved := 0
	net := over(j.raw, .5)
	for i, v := range fg {
		if v != net[i] {
			moved++
		}
	}
	f["moved"] = float64(moved) / max(area*float64(j.n), 1)
	_, size := components(fg, w, h)
	f["parts"] = float64(len(size) - 1)
	f["largest"] = float64(largest(size)) / max(area*float64(j.n), 1)
	not := make([]bool, len(fg))
	for i, v := range fg {
		not[i] = !v
	}
	_, size = components(not, w, h)
	f["holes"] = float64(max(len(size)-2, 0))
}

func (j *joint) confidence(f map[string]float64) float64 {
	p := .65
	if agree, ok := f["agree"]; ok {
		p += .3 * fade(agree, .9, .975)
	}
	return p * (1 - fade(f["undecided"], .02, .12))
}
