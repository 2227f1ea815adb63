package scene

// sheet is a sheet of paper or cloth that lies on a surface seen from above.
type sheet struct {
	colour rgb
	away   func(x, y float32) float32 // signed distance from its outline, negative on it; scene units
	sd     float32
}

const (
	sheetShade = 0.30  // how dark its shade is, at its edge
	sheetThick = 0.010 // how far the shade reaches, in scene units
)

// over returns the surface's colour at a place with the sheet on it.
func (s *sheet) over(below rgb, x, y, px float32, fibre *noiseTile) rgb {
	d := s.away(x, y)
	on := clamp01(0.5 - d/px)
	if on < 1 { // its shade falls away from the light
		shade := s.away(x+s.sd*sheetThick*0.7, y-sheetThick*0.7)
		below = below.scale(1 - sheetShade*smoothstep(sheetThick*1.6, -sheetThick*0.4, shade))
	}
	if on == 0 {
		return below
	}
	return mix(below, s.colour.scale(1+0.014*fibre.sharp(x*3, y*3, 0)), on)
}

// layOut returns the sheets that lie on the surface: their shape is the arrangement's.
// On paper the palette's first colour is the paper itself.
func (b *backdrop) layOut(lk *look) []sheet {
	f := &b.frame
	sd := float32(lk.side)
	m := min(f.w, f.h)
	cx, cy := f.cx, f.h/2
	first, name := 0, "sheet"
	base := lk.surface == paper
	if base {
		first = 1
		b.shows(0, "backdrop", cx+sd*0.43*f.w, cy+0.38*f.h, cx+sd*0.49*f.w, cy+0.48*f.h) // no sheet reaches this corner
	}
	if lk.at == 0 && lk.kept <= first {
		if base {
			b.shows(0, "backdrop", 0.2*f.w, 0.06*f.h, 0.8*f.w, 0.24*f.h)
		}
		return nil
	}
	half := func(nx, ny, off float32) func(x, y float32) float32 {
		return func(x, y float32) float32 { return (x-cx)*nx + (y-cy)*ny - off }
	}
	colours := []rgb{lk.wallRGB, lk.accentRGB, lk.thirdRGB}
	for i := range colours {
		switch {
		case lk.tinted:
		case lk.far == farDark:
			colours[i] = tone(colours[i], 0.40, 0.03)
		default: // calm papers
			colours[i] = tone(colours[i], 0.87-0.07*float64(i), 0.035)
		}
	}
	var out []sheet
	lay := func(colour int, what string, x, y, rx, ry float32, away func(x, y float32) float32) {
		out = append(out, sheet{colours[colour], away, sd})
		b.shows(colour, what, cx+x-rx, cy+y-ry, cx+x+rx, cy+y+ry)
	}
	next := first + 1
	switch lk.at {
	case 0:
		lay(first, name, sd*0.31*m, 0.33*m, 0.045*m, 0.045*m, func(x, y float32) float32 {
			u, v := (x-cx)*0.996+(y-cy)*0.087, (y-cy)*0.996-(x-cx)*0.087
			return max(abs32(u)-0.4*m, abs32(v)-0.42*m)
		})
	case 1: // one half of the surface
		lay(first, name, -sd*0.36*f.w, 0.34*f.h, 0.08*m, 0.08*m, half(sd*0.86, -0.51, 0.03))
	case 2: // a round mat
		name = "mat"
		lay(first, name, 0, 0.36*m, 0.09*m, 0.02*m, func(x, y float32) float32 { return sqrt32((x-cx)*(x-cx)+(y-cy)*(y-cy)) - 0.42*m })
	case 3: // a band across
		lay(first, name, sd*0.38*f.w, -0.2*f.h, 0.05*m, 0.05*m, func(x, y float32) float32 { return abs32((x-cx)*0.5*sd+(y-cy)*0.866) - 0.25*m })
	default: // two corners
		lay(first, name, sd*0.4*f.w, -0.42*f.h, 0.06*m, 0.05*m, half(-sd*0.8, 0.6, -0.2*m))
		if next < len(colours) {
			lay(next, name, -sd*0.42*f.w, 0.42*f.h, 0.05*m, 0.05*m, half(sd*0.7, -0.71, -0.26*m))
			return out
		}
	}
	if lk.kept > next { // a smaller one in a corner
		lay(next, "corner", -sd*0.44*f.w, -0.44*f.h, 0.035*m, 0.035*m, half(sd*0.72, 0.69, -0.36*m))
	}
	return out
}
