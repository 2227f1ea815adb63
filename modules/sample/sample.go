// Package sample draws a product photo: an amber dropper bottle with a green
// label on a light sweep, lit from the left by a softbox. It is made of numbers
// alone, so it can be shown and passed on freely.
package sample

import (
	"image"
	"image/color"
	"math"
	"runtime"
	"sync"
)

// The camera and the light.
var (
	eye    = vec{0, 3.1, 13.5}
	target = vec{0.12, 2.0, 0}
	light  = vec{-0.55, 0.85, 0.5}.unit()
)

const (
	zoom      = 4.3 // focal length, in half heights of the picture
	grid      = 2   // samples of a pixel in each direction, on the bottle,
	fine      = 6   // and along its outline, where fewer would be seen as steps
	farthest  = 26.0
	brightest = 1.2 // light of a ray that counts at most: a highlight's edge would be steps
	steps     = 110
	touch     = 0.0008 // a ray this near has hit,
	stuck     = 0.02   // and so near one that has used all its steps
	widest    = 1.06   // no part of the bottle is farther from its axis
	penumbra  = 0.9    // nor does its shadow blur farther
)

// Draw returns the photo, size × size pixels. It takes some seconds at Size.
func Draw(size int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	v := view(size)
	inParallel(size, func(y int) {
		for x := range size {
			img.SetNRGBA(x, y, v.pixel(x, y))
		}
	})
	return img
}

// inParallel calls do with each row of a picture, on all processors.
func inParallel(size int, do func(y int)) {
	rows := make(chan int)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for y := range rows {
				do(y)
			}
		})
	}
	for y := range size {
		rows <- y
	}
	close(rows)
	wg.Wait()
}

// camera makes rays of pixels.
type camera struct {
	size               float64
	right, up, forward vec
}

func view(size int) camera {
	f := target.sub(eye).unit()
	r := f.cross(vec{0, 1, 0}).unit()
	return camera{float64(size), r, r.cross(f), f}
}

func (c camera) ray(x, y float64) vec {
	u, v := (2*x-c.size)/c.size, (c.size-2*y)/c.size
	return c.forward.mul(zoom).add(c.right.mul(u)).add(c.up.mul(v)).unit()
}

// pixel is one pixel's colour. Only where the bottle is near does it take more
// than one ray: the backdrop is smooth.
func (c camera) pixel(x, y int) color.NRGBA {
	sum, near, _ := c.mean(x, y, 1)
	if near {
		var edge bool
		if sum, _, edge = c.mean(x, y, grid); edge {
			sum, _, _ = c.mean(x, y, fine)
		}
	}
	grain := noise(x, y)
	return color.NRGBA{encode(sum.x, grain), encode(sum.y, grain), encode(sum.z, grain), 255}
}

// mean is the light of n × n rays through a pixel. near: one came near the bottle; edge:
// they met different materials, or the backdrop as well.
func (c camera) mean(x, y, n int) (sum vec, near, edge bool) {
	var first material
	for i := range n * n {
		dx, dy := (float64(i%n)+0.5)/float64(n), (float64(i/n)+0.5)/float64(n)
		s, met, close := trace(c.ray(float64(x)+dx, float64(y)+dy))
		if i == 0 {
			first = met
		}
		near, edge = near || close, edge || met != first
		sum = sum.add(vec{min(s.x, brightest), min(s.y, brightest), min(s.z, brightest)})
	}
	return sum.mul(1 / float64(n*n)), near, edge
}

// trace follows a ray and returns its light, what it met, and whether it came near the bottle.
func trace(d vec) (light vec, met material, near bool) {
	at, m, hit, near := follow(d)
	if hit {
		return shade(at, d, m), m, true
	}
	return backdrop(d), nothing, near
}

// follow looks where a ray meets the bottle, and whether it came near.
func follow(d vec) (at vec, m material, hit, near bool) {
	if past(eye, d) > widest {
		return at, m, false, false
	}
	t, closest, dist := 9.0, math.Inf(1), 0.0
	for range steps {
		at = eye.add(d.mul(t))
		if at.y < -0.01 || t > farthest {
			return at, m, false, closest < 0.004
		}
		dist, m = distance(at)
		closest = min(closest, dist/t)
		if dist < touch {
			return at, m, true, true
		}
		t += dist
	}
	return at, m, dist < stuck, true // in a crease a ray hardly goes on
}

// past is how near a ray comes to the bottle's axis, seen from above.
func past(from, d vec) float64 {
	flat := math.Hypot(d.x, d.z)
	if along := -(from.x*d.x + from.z*d.z); along < 0 {
		return math.Hypot(from.x, from.z)
	}
	return math.Abs(from.x*d.z-from.z*d.x) / flat
}

// backdrop is the sweep: a floor that becomes a wall without an edge, with the
// bottle's shadow on it.
func backdrop(d vec) vec {
	paper := vec{0.82, 0.815, 0.80}
	fall := 1 - 0.22*smooth(0.05, 0.9, math.Abs(d.x*3.4-0.25)) // the light comes from the left
	wall := paper.mul(0.92 * fall)
	if d.y >= 0 {
		return wall
	}
	t := -eye.y / d.y
	p := eye.add(d.mul(t))
	floor := paper.mul(1.0*fall - 0.06*smooth(-2, 9, p.z))
	return floor.mul(shadow(p)).mix(wall, smooth(-2.5, -9, p.z))
}

// shadow is how much light reaches a point of the floor: less where the bottle
// stands near, and less behind it, softer the farther away.
func shadow(p vec) float64 {
	lit, t := 1.0, 0.06
	clear := past(p, light) > widest+penumbra
	for range 48 {
		if clear {
			break
		}
		d, _ := distance(p.add(light.mul(t)))
		lit = min(lit, 3.2*d/t+0.5)
		if t += max(0.03, d*0.7); t > 9 {
			break
		}
	}
	lit = smooth(0.05, 0.98, lit)
	d, _ := distance(vec{p.x, 0.02, p.z})
	contact := 1 - 0.62*math.Exp(-max(d, 0)/0.13)
	around := 1 - 0.16*math.Exp(-max(d, 0)/0.9)
	return (0.56 + 0.44*lit) * contact * around
}

// studio is the light that comes from a direction: two softboxes, a ceiling and
// a pale room.
func studio(d vec) float64 {
	across, high := math.Atan2(d.x, d.z), math.Asin(max(-1, min(1, d.y)))
	box := func(at, half, low, top, soft float64) float64 {
		return (1 - smooth(half, half+soft, math.Abs(across-at))) * smooth(low-soft, low, high) * (1 - smooth(top, top+soft, high))
	}
	room := 0.10 + 0.16*smooth(-0.6, 1, d.y) + 0.30*smooth(0.4, -0.9, d.y)
	return room + 2.3*box(-1.0, 0.26, -0.35, 0.75, 0.07) + 1.1*box(1.35, 0.10, -0.3, 0.7, 0.05) + 0.8*smooth(0.8, 0.98, d.y)
}

// shade is the light that a point of the bottle sends back.
func shade(p, d vec, m material) vec {
	n := normal(p)
	facing := max(0, -d.dot(n))
	mirror := studio(d.reflect(n))
	fresnel := 0.04 + 0.96*math.Pow(1-facing, 5)
	diffuse := 0.30 + 0.85*max(0, n.dot(light))
	ground := 0.55 + 0.45*smooth(0, 0.7, p.y) // the floor takes light from what is low
	switch m {
	case collar:
		return vec{0.020, 0.019, 0.018}.mul(diffuse).add(vec{1, 1, 1}.mul(mirror * (0.03 + 0.5*fresnel)))
	case rubber:
		return vec{0.030, 0.028, 0.027}.mul(diffuse).add(vec{1, 0.98, 0.96}.mul(mirror * (0.022 + 0.2*fresnel)))
	}
	across := math.Atan2(p.x, p.z)
	if p.y > labelLow && p.y < labelHigh && math.Abs(across) < labelWide && n.y < 0.2 {
		paper := vec{0.030, 0.105, 0.090}.mix(vec{0.80, 0.70, 0.50}, 0.94*print(across, p.y-(labelLow+labelHigh)/2))
		return paper.mul((0.22 + 0.80*max(0, n.dot(light)) + 0.10*facing) * ground).add(vec{1, 1, 1}.mul(0.02 * mirror))
	}
	// Glass: what comes through it is amber, the deeper the longer its way, and
	// warm where the light behind gathers low on the far side.
	way := 0.35 + 1.5*facing
	if p.y > 2.28 { // above the liquid it is thinner
		way *= 0.55
	}
	absorb := vec{math.Exp(-0.55 * way), math.Exp(-1.55 * way), math.Exp(-4.2 * way)}
	behind := 0.34 + 0.5*smooth(0.1, 1, p.x)*facing + 0.22*smooth(1.2, 0.1, p.y)
	edge := smooth(0.02, 0.34, facing)
	through := absorb.mul(behind * (0.25 + 0.75*edge) * ground)
	return through.add(vec{1, 0.99, 0.97}.mul(mirror * (0.05 + 0.75*fresnel)))
}

// encode turns linear light into an sRGB byte, with a grain that hides steps.
func encode(v, grain float64) uint8 {
	v = v / (1 + 0.12*max(0, v-0.8)) // the brightest are rolled off, as a camera does
	v = clamp(v)
	if v <= 0.0031308 {
		v *= 12.92
	} else {
		v = 1.055*math.Pow(v, 1/2.4) - 0.055
	}
	return uint8(clamp(v+grain*0.006)*255 + 0.5)
}

// noise is a fixed grain of −1 to 1.
func noise(x, y int) float64 {
	h := uint32(x)*0x9E3779B1 ^ uint32(y)*0x85EBCA77
	h ^= h >> 15
	h *= 0x2C1B3C6D
	h ^= h >> 12
	h *= 0x297A2D39
	h ^= h >> 15
	return float64(h)/float64(math.MaxUint32)*2 - 1
}
