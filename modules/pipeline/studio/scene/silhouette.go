package scene

// silhouette is the product's alpha on the grid.
type silhouette struct {
	x0, y0 int // picture position of the first cell
	step   int
	w, h   int
	a      []float32
}

func newSilhouette(pl *placed, step int) *silhouette {
	s := &silhouette{x0: pl.rect.Min.X - pl.rect.Min.X%step, y0: pl.rect.Min.Y - pl.rect.Min.Y%step, step: step}
	s.w, s.h = (pl.rect.Max.X-s.x0)/step+1, (pl.rect.Max.Y-s.y0)/step+1
	s.a = make([]float32, s.w*s.h)
	for y := range s.h {
		for x := range s.w {
			px, py := s.x0+x*step, s.y0+y*step
			s.a[y*s.w+x] = (pl.alpha(px, py) + pl.alpha(px+step/2, py+step/2)) / 2
		}
	}
	return s
}

// footing describes where the product meets the floor, in grid columns.
type footing struct {
	bottom []int     // lowest opaque row, -1 where there is none
	base   []float32 // the floor line the product stands on
	weight []float32 // 1 where it touches
	low    int
	height float32
}

func (s *silhouette) footing() *footing {
	ft := &footing{bottom: make([]int, s.w), base: make([]float32, s.w), weight: make([]float32, s.w)}
	ft.low = -1
	top := s.h
	at := 0
	for x := range s.w {
		ft.bottom[x] = -1
		for y := s.h - 1; y >= 0; y-- {
			if s.a[y*s.w+x] > 0.5 {
				ft.bottom[x] = y
				break
			}
		}
		if ft.bottom[x] > ft.low {
			ft.low, at = ft.bottom[x], x
		}
	}
	for i, v := range s.a {
		if v > 0.5 {
			top = i / s.w
			break
		}
	}
	if ft.low < 0 {
		return ft
	}
	ft.height = float32(ft.low - top + 1)

	// Lower convex hull of the bottom contour: a board pushed up against the
	// product from below would touch it exactly there.
	var hull []int
	for x := range s.w {
		if ft.bottom[x] < 0 {
			continue
		}
		for len(hull) >= 2 {
			a, b := hull[len(hull)-2], hull[len(hull)-1]
			if (ft.bottom[b]-ft.bottom[a])*(x-a) <= (ft.bottom[x]-ft.bottom[a])*(b-a) {
				hull = hull[:len(hull)-1]
				continue
			}
			break
		}
		hull = append(hull, x)
	}
	line := make([]float32, s.w)
	for i, k := 0, 0; i < s.w; i++ {
		for k+1 < len(hull) && i > hull[k+1] {
			k++
		}
		a := hull[k]
		line[i] = float32(ft.bottom[a])
		if k+1 < len(hull) && i >= a {
			b := hull[k+1]
			t := float32(i-a) / float32(b-a)
			line[i] += float32(ft.bottom[b]-ft.bottom[a]) * t
		}
	}
	// Follow the hull while it is as shallow as a floor seen in perspective;
	// where it turns up like the side of a ball, the floor line stays behind.
	steep := make([]float32, s.w)
	ft.base[at] = line[at]
	maxLift := 0.2 * min(ft.height, float32(s.w))
	for _, dir := range []int{-1, 1} {
		for x := at + dir; x >= 0 && x < s.w; x += dir {
			rise := line[x-dir] - line[x]
			steep[x] = rise
			if rise > 0.5 {
				rise = 0.06
			}
			ft.base[x] = max(ft.base[x-dir]-rise, float32(ft.low)-maxLift)
		}
	}
	boxBlur(ft.base, s.w, 1, max(s.w/60, 1), 0, 2)
	near := max(0.014*ft.height, 1.5)
	for x := range s.w {
		if ft.bottom[x] < 0 {
			continue
		}
		gap := max(ft.base[x]-float32(ft.bottom[x]), 0) / near
		ft.weight[x] = exp32(-gap*gap) * smoothstep(0.8, 0.35, steep[x])
	}
	return ft
}
