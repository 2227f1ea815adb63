package imaging

import (
	"image"
	"image/color"
)

// Part returns a copy of the window r of a picture, as far as it lies within.
func Part(img *image.NRGBA, r image.Rectangle) *image.NRGBA {
	r = r.Intersect(img.Rect)
	out := roughPicture(r.Dx(), r.Dy())
	if !r.Empty() {
		view, _ := img.SubImage(r).(*image.NRGBA)
		Put(out, view, image.Point{})
	}
	return out
}

// Put replaces the pixels of dst by those of src, the first of them at a point of dst. What sticks
// out is left away.
//
// The standard library's draw.Draw goes by 64-bit colours, a pixel at a time, where a picture
// has straight alpha.
func Put(dst, src *image.NRGBA, at image.Point) {
	r := src.Rect.Sub(src.Rect.Min).Add(at).Intersect(dst.Rect)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		from := src.PixOffset(src.Rect.Min.X+r.Min.X-at.X, src.Rect.Min.Y+y-at.Y)
		copy(dst.Pix[dst.PixOffset(r.Min.X, y):][:r.Dx()*bytesPerPixel], src.Pix[from:])
	}
}

// Filled returns a picture of one colour.
func Filled(w, h int, c color.NRGBA) *image.NRGBA {
	out := roughPicture(w, h)
	n := copy(out.Pix, []byte{c.R, c.G, c.B, c.A})
	for ; n > 0 && n < len(out.Pix); n *= 2 {
		copy(out.Pix[n:], out.Pix[:n])
	}
	return out
}
