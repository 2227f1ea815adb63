package cutout

// The marks of a narrow bay of the backdrop that the cuts close where it is narrowest, as the end of the wedge
// between two straps. It begins without an edge where the cut ends it. Lab units unless stated otherwise.
const (
	bayDark  = .7   // brightness of the backdrop in it, of that around,
	bayLight = 1.02 // and at most
	bayTint  = 3.   // colour cast
	bayMin   = 12   // pixels of the working picture
	bayWide  = 7.   // pixels, twice the area by the rim
	bayOpen  = .35  // share of the rim towards the background at most,
	bayStep  = 3.   // where a larger difference is an edge,
	bayTaper = 8.   // or such a one where it is small: what tapers changes its colour all along,
	bayBlunt = .4   // which such a share of it has at most
	bayEdge  = .9   // share of the rest that has a steep edge
	bayThin  = .3   // share of it behind which the product is thin; a stripe is not,
	baySmall = 60   // but where it is so small, the end of a wedge may lie in what is solid
)

// openBays opens the bays, and returns the parts that may be some.
func (s *scene) openBays(fg []bool, away []float32) (unsure [][]int32) {
	like := make([]bool, s.n)
	for i, v := range fg {
		like[i] = v && s.k[i] > bayDark && s.k[i] < bayLight && s.tint[i] < bayTint*bayTint
	}
	eachPart(like, s.w, s.h, func(part []int32) {
		if len(part) < bayMin || len(part) > chinkMost {
			return
		}
		switch open, likely := s.bay(part, fg, like, away); {
		case open:
			s.openChink(part, fg, away)
		case likely:
			unsure = append(unsure, part)
		}
	})
	return unsure
}

// bay tells whether a part in the backdrop's colours, perhaps in shade, is a bay, and whether it may be one.
func (s *scene) bay(part []int32, fg, like []bool, away []float32) (open, likely bool) {
	var rim, sharp, thin, mouth, stepped float32
	step := float32(bayStep)
	if len(part) <= baySmall {
		step = bayTaper
	}
	for _, i32 := range part {
		i := int(i32)
		x, y := i%s.w, i/s.w
		for d := range 4 {
			nx, ny := x+dxs[d], y+dys[d]
			if !s.inside(nx, ny) {
				return false, false
			}
			switch k := ny*s.w + nx; {
			case like[k] && fg[k]:
			case !fg[k]:
				if mouth++; abs32(away[k]-away[i]) > step {
					stepped++
				}
			default:
				rim++
				if s.steep(x, y, d, away) {
					sharp++
				}
				if s.endsSoon(x, y, d, fg) {
					thin++
				}
			}
		}
	}
	if n := float32(len(part)); mouth == 0 || mouth > bayOpen*(rim+mouth) || stepped > bayBlunt*mouth || sharp < bayEdge*rim || 2*n > bayWide*(rim+mouth) {
		return false, false
	}
	if thin >= bayThin*rim || len(part) <= baySmall {
		return true, false
	}
	return false, true
}
