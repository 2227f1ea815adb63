package imaging

import "image"

// Over blends src over dst with its first pixel at a point of dst: straight
// alpha over an opaque picture, in encoded values as editors do it. Opaque
// pixels are copied as they are; what sticks out of dst is left away.
func Over(dst, src *image.NRGBA, at image.Point) {
	r := src.Rect.Sub(src.Rect.Min).Add(at).Intersect(dst.Rect)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		d := dst.Pix[dst.PixOffset(r.Min.X, y):]
		q := src.Pix[src.PixOffset(src.Rect.Min.X+r.Min.X-at.X, src.Rect.Min.Y+y-at.Y):]
		for x, n := 0, r.Dx(); x < n; x++ {
			a := uint32(q[x*4+3])
			switch a {
			case 0:
			case 255:
				from := x
				for x+1 < n && q[x*4+7] == 255 {
					x++
				}
				copy(d[from*4:x*4+4], q[from*4:])
			default:
				for c := range 3 {
					d[x*4+c] = uint8((uint32(q[x*4+c])*a + uint32(d[x*4+c])*(255-a) + 127) / 255)
				}
			}
		}
	}
}

// AlphaBounds returns the bounds of the pixels with at least that alpha; empty
// when there is none.
func AlphaBounds(img *image.NRGBA, least uint8) image.Rectangle {
	b := img.Rect
	var box image.Rectangle
	for y := b.Min.Y; y < b.Max.Y; y++ {
		row := img.Pix[img.PixOffset(b.Min.X, y):]
		first, last := -1, -1
		for x := range b.Dx() {
			if row[x*4+3] >= least {
				if first < 0 {
					first = x
				}
				last = x
			}
		}
		if first >= 0 {
			box = box.Union(image.Rect(b.Min.X+first, y, b.Min.X+last+1, y+1))
		}
	}
	return box
}

// Visible returns ErrInvisible when every pixel is (nearly) transparent, so that
// no tenant pays for an empty picture.
func Visible(img *image.NRGBA) error {
	const least = 4 // of 255: less is an encoder's rounding
	for y := range img.Rect.Dy() {
		row := img.Pix[y*img.Stride:][:img.Rect.Dx()*bytesPerPixel]
		for i := bytesPerPixel - 1; i < len(row); i += bytesPerPixel {
			if row[i] >= least {
				return nil
			}
		}
	}
	return ErrInvisible
}
