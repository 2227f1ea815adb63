package export

import (
	"image"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/imaging"
)

// The products of a set have one scale and one crop: each is laid out as the box that they
// share, and stands in the middle of its lower edge.

// room returns how many times wider and higher than the product the box is that its set
// shares; 1, 1 for a product that is alone.
func (l *Source) room() (x, y float64) {
	b := l.CutoutBounds
	if b.Empty() || l.alone {
		return 1, 1
	}
	return max(1, l.Common[0]/float64(b[2])), max(1, l.Common[1]/float64(b[3]))
}

// times returns a length times a factor, in whole pixels.
func times(n int, k float64) int {
	if k == 1 {
		return n
	}
	return atLeastOne(float64(n) * k)
}

// room returns the size of the box that the product's set shares, at the product's own
// scale.
func (p *product) room() (w, h int) {
	w, h = p.size()
	return times(w, max(1, p.roomX)), times(h, max(1, p.roomY))
}

// within returns where the product stands in the room of its set, as that is laid out.
func (p *product) within(room image.Rectangle) image.Rectangle {
	w, h := times(room.Dx(), 1/max(1, p.roomX)), times(room.Dy(), 1/max(1, p.roomY))
	x, y := room.Min.X+(room.Dx()-w)/2, room.Max.Y-h
	return image.Rect(x, y, x+w, y+h)
}

// A picture of a photo's own backdrop is a part of the photo, framed by the product with a
// margin. Nothing is placed on it, so that it is the photo's pixels throughout.

// photoAir is the least air around the product where the photo has no room for the preset's
// margin, as a share of its longer side.
const photoAir = 0.03

// photoWindow returns the part of the photo that a variant shows, in its pixels. It shows
// the product, or the room of its set, as large as the preset says; less margin where the
// photo has less; and sticks out of the photo only where the preset's aspect needs it.
func photoWindow(p channel.Preset, l *Source) image.Rectangle {
	x, y, bw, bh := float64(l.Box[0]), float64(l.Box[1]), float64(l.Box[2]), float64(l.Box[3])
	rw, rh := max(bw, l.Common[0]), max(bh, l.Common[1])
	if l.alone {
		rw, rh = bw, bh
	}
	cw := max(rw, rh*p.Aspect()) / p.Fill
	ch := cw / p.Aspect()
	air := photoAir * max(rw, rh)
	least := min(1, max((rw+2*air)/cw, (rh+2*air)/ch))
	k := max(min(1, float64(l.Width)/cw, float64(l.Height)/ch), least)
	cw, ch = cw*k, ch*k
	ox := within(x+bw/2-cw/2, cw, float64(l.Width), x, x+bw)
	oy := within(y+bh-rh/2-ch/2, ch, float64(l.Height), y, y+bh)
	if p.SafeZone != nil {
		zone := p.SafeZone
		if z := max(bw/(cw*(zone[2]-zone[0])), bh/(ch*(zone[3]-zone[1]))); z > 1 {
			ox, oy, cw, ch = ox-cw*(z-1)/2, oy-ch*(z-1)/2, cw*z, ch*z
		}
		ox = clamp(ox, x+bw-zone[2]*cw, x-zone[0]*cw)
		oy = clamp(oy, y+bh-zone[3]*ch, y-zone[1]*ch)
	}
	return round(ox, oy, cw, ch)
}

// photoPlace returns a variant's part of the photo, where the variant shows what of that
// lies in the photo, and that in pixels of the photo.
func photoPlace(p channel.Preset, l *Source) (win, at, in image.Rectangle) {
	win = photoWindow(p, l)
	in = win.Intersect(image.Rect(0, 0, l.Width, l.Height))
	kx, ky := float64(p.Width)/float64(win.Dx()), float64(p.Height)/float64(win.Dy())
	px := func(v int, k float64) int { return int(float64(v)*k + .5) }
	at = image.Rect(px(in.Min.X-win.Min.X, kx), px(in.Min.Y-win.Min.Y, ky), px(in.Max.X-win.Min.X, kx), px(in.Max.Y-win.Min.Y, ky))
	return win, at, in
}

// ofPhoto draws a part of the photo.
func ofPhoto(p channel.Preset, l *Layers) *image.NRGBA {
	win := photoWindow(p, &l.Source)
	return imaging.Resize(extended(l.Backdrop, win, l.Box.Rect()), p.Width, p.Height)
}

// ofPhotoPlaced returns the product's pixels as such a variant shows them, and their window
// of the photo.
func ofPhotoPlaced(p channel.Preset, l *Layers) (*image.NRGBA, image.Rectangle) {
	win, at, in := photoPlace(p, &l.Source)
	cut := image.NewNRGBA(image.Rectangle{Max: win.Size()})
	box := l.CutoutBounds.Rect()
	imaging.Put(cut, view(l.Cutout, box), box.Min.Sub(win.Min))
	return imaging.Part(imaging.Resize(cut, p.Width, p.Height), at), in
}
