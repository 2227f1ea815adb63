package scene

// rowReader enlarges a canvas bilinearly, one output row at a time.
type rowReader struct {
	c    *canvas
	step float32
	line []float32
}

func newRowReader(c *canvas, step float32) *rowReader {
	return &rowReader{c, step, make([]float32, (c.w+1)*3)}
}

// seek prepares output row y.
func (r *rowReader) seek(y int) {
	fy := (float32(y)+0.5)/r.step - 0.5
	y0 := int(max(fy, 0))
	y0 = min(y0, r.c.h-1)
	y1 := min(y0+1, r.c.h-1)
	t := clamp01(fy - float32(y0))
	n := r.c.w * 3
	a, b := r.c.pix[y0*n:][:n], r.c.pix[y1*n:][:n]
	line := r.line[:n]
	for i := range line {
		line[i] = a[i] + (b[i]-a[i])*t
	}
	copy(r.line[n:], r.line[n-3:n])
}

// columns holds, for each output column, the canvas index and the weight of
// the next one.
type columns struct {
	at []int32
	t  []float32
}

func newColumns(width, canvasW int, step float32) columns {
	c := columns{make([]int32, width), make([]float32, width)}
	for x := range width {
		f := max((float32(x)+0.5)/step-0.5, 0)
		i := min(int(f), canvasW-1)
		c.at[x], c.t[x] = int32(i*3), clamp01(f-float32(i))
	}
	return c
}

func (r *rowReader) get(cols *columns, x int) rgb {
	i, t := cols.at[x], cols.t[x]
	p := r.line[i : i+6 : i+6]
	return rgb{p[0] + (p[3]-p[0])*t, p[1] + (p[4]-p[1])*t, p[2] + (p[5]-p[2])*t}
}
