package cutout

// distance returns each pixel's way, in pixels, to the nearest pixel that is set
// (chamfer 3-4, error below 6 %); a large number when none is.
func distance(set []bool, w, h int) []float32 {
	const far = 1 << 24
	d := make([]int32, w*h)
	for i, v := range set {
		if !v {
			d[i] = far
		}
	}
	for y := range h {
		row := d[y*w : (y+1)*w]
		if y > 0 {
			up := d[(y-1)*w : y*w]
			beside(row, up)
		}
		for x := 1; x < w; x++ {
			row[x] = min(row[x], row[x-1]+straight)
		}
	}
	o := make([]float32, w*h)
	for y := h - 1; y >= 0; y-- {
		row := d[y*w : (y+1)*w]
		if y+1 < h {
			down := d[(y+1)*w : (y+2)*w]
			beside(row, down)
		}
		for x := w - 2; x >= 0; x-- {
			row[x] = min(row[x], row[x+1]+straight)
		}
		for x, v := range row {
			o[y*w+x] = float32(v) / straight
		}
	}
	return o
}

// The chamfer's ways to a neighbour.
const straight, slant = 3, 4

// beside shortens the ways of a row by those of the row before it.
func beside(row, before []int32) {
	last := len(row) - 1
	if last == 0 {
		row[0] = min(row[0], before[0]+straight)
		return
	}
	row[0] = min(row[0], before[0]+straight, before[1]+slant)
	row[last] = min(row[last], before[last]+straight, before[last-1]+slant)
	left, middle, right, out := before[:last-1], before[1:last], before[2:], row[1:last]
	for x, v := range middle[:len(out)] {
		out[x] = min(out[x], v+straight, min(left[x], right[x])+slant)
	}
}

// signedDistance returns each pixel's way to the outline, in pixels: above 0 in
// the set, below outside. Neighbours on either side of the outline have .5 and -.5.
func signedDistance(set []bool, w, h int) *plane {
	in, out := make([]bool, len(set)), distance(set, w, h)
	for i, v := range set {
		in[i] = !v
	}
	o := &plane{w, h, distance(in, w, h)}
	for i, v := range set {
		if v {
			o.p[i] -= .5
		} else {
			o.p[i] = .5 - out[i]
		}
	}
	return o
}

// eachPart calls f with the pixels of every 4-connected part of the set, in the
// order of their first pixels. f may change the set's part.
func eachPart(set []bool, w, h int, f func(pixels []int32)) {
	id, size := components(set, w, h)
	if len(size) == 1 {
		return
	}
	from := make([]int32, len(size)+1)
	for c := 1; c < len(size); c++ {
		from[c+1] = from[c] + int32(size[c])
	}
	at, all := append([]int32(nil), from...), make([]int32, from[len(size)])
	for i, c := range id {
		if c > 0 {
			all[at[c]] = int32(i)
			at[c]++
		}
	}
	for c := 1; c < len(size); c++ {
		f(all[from[c]:from[c+1]])
	}
}
