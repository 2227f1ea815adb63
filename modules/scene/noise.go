package scene

import (
	"math"
	"sync"
)

// rng is SplitMix64: tiny, and the same on every platform and Go version,
// which keeps a seed's picture stable.
type rng struct{ s uint64 }

func (r *rng) next() uint64 {
	r.s += 0x9e3779b97f4a7c15
	return hash64(r.s)
}

func hash64(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (r *rng) float() float32               { return float32(r.next()>>40) / (1 << 24) }
func (r *rng) between(a, b float32) float32 { return a + (b-a)*r.float() }
func (r *rng) int(n int) int                { return int(r.next() % uint64(n)) }

// noiseTile is a seamless square of noise with mip levels. Textures look it up
// at several scales, which costs a few nanoseconds where evaluating fBm for
// every pixel would cost a hundred; seeds only move the look-up offset.
type noiseTile struct{ levels [][]float32 }

const (
	tileBits = 9
	tileSize = 1 << tileBits
)

// sharp samples one level of the tile. Result is about -1..1.
func (t *noiseTile) sharp(u, v float32, lod int) float32 {
	lod = min(lod, len(t.levels)-1)
	n := tileSize >> lod
	x := (u+64)*float32(n) - 0.5
	y := (v+64)*float32(n) - 0.5
	xi, yi := int(x), int(y)
	if x < 0 {
		xi--
	}
	if y < 0 {
		yi--
	}
	fx, fy := x-float32(xi), y-float32(yi)
	m := n - 1
	p := t.levels[lod]
	x0, x1 := xi&m, (xi+1)&m
	y0, y1 := (yi&m)*n, ((yi+1)&m)*n
	a := p[y0+x0] + (p[y0+x1]-p[y0+x0])*fx
	b := p[y1+x0] + (p[y1+x1]-p[y1+x0])*fx
	return a + (b-a)*fy
}

// at samples the tile between two levels (1 unit = one full tile), so that what is drawn
// along a value of the noise has no speckled edge where one goes over into the next.
func (t *noiseTile) at(u, v, level float32) float32 {
	lod := int(level)
	a := t.sharp(u, v, lod)
	if f := level - float32(lod); f > 0.02 {
		a += (t.sharp(u, v, lod+1) - a) * f
	}
	return a
}

func newNoiseTile(base []float32) *noiseTile {
	t := &noiseTile{levels: [][]float32{base}}
	for n := tileSize / 2; n >= 8; n /= 2 {
		src, dst := t.levels[len(t.levels)-1], make([]float32, n*n)
		for y := range n {
			for x := range n {
				i := 2*y*2*n + 2*x
				dst[y*n+x] = (src[i] + src[i+1] + src[i+2*n] + src[i+2*n+1]) / 4
			}
		}
		t.levels = append(t.levels, dst)
	}
	return t
}

// lazyTile is a noise tile that is made when first needed.
type lazyTile struct {
	seed          uint64
	freq, octaves int

	once sync.Once
	tile *noiseTile
}

func (l *lazyTile) get() *noiseTile {
	l.once.Do(func() { l.tile = newNoiseTile(cloud(l.seed, l.freq, l.octaves)) })
	return l.tile
}

var (
	clouds = lazyTile{seed: 11, freq: 4, octaves: 6}
	warps  = lazyTile{seed: 29, freq: 4, octaves: 4}
	specks = lazyTile{seed: 53, freq: 128, octaves: 2}
)

func cloudTile() *noiseTile { return clouds.get() }
func warpTile() *noiseTile  { return warps.get() }
func speckTile() *noiseTile { return specks.get() }

// cloud fills a seamless tile with gradient-noise fBm.
func cloud(seed uint64, freq, octaves int) []float32 {
	out := make([]float32, tileSize*tileSize)
	amp := float32(1)
	for range octaves {
		grad := make([][2]float32, freq*freq)
		for i := range grad {
			a := float64(hash64(seed^uint64(i)*0x9e37+uint64(freq)<<32)>>40) / (1 << 24) * 2 * math.Pi
			grad[i] = [2]float32{float32(math.Cos(a)), float32(math.Sin(a))}
		}
		step := float32(freq) / tileSize
		for y := range tileSize {
			gy := float32(y) * step
			iy := int(gy)
			fy := gy - float32(iy)
			wy := fy * fy * fy * (fy*(fy*6-15) + 10)
			r0, r1 := iy%freq*freq, (iy+1)%freq*freq
			for x := range tileSize {
				gx := float32(x) * step
				ix := int(gx)
				fx := gx - float32(ix)
				wx := fx * fx * fx * (fx*(fx*6-15) + 10)
				c0, c1 := ix%freq, (ix+1)%freq
				dot := func(g [2]float32, dx, dy float32) float32 { return g[0]*dx + g[1]*dy }
				a, b := dot(grad[r0+c0], fx, fy), dot(grad[r0+c1], fx-1, fy)
				c, d := dot(grad[r1+c0], fx, fy-1), dot(grad[r1+c1], fx-1, fy-1)
				top, bot := a+(b-a)*wx, c+(d-c)*wx
				out[y*tileSize+x] += (top + (bot-top)*wy) * amp * 1.4
			}
		}
		freq *= 2
		amp *= 0.52
	}
	return out
}
