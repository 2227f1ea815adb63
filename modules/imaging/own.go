package imaging

import (
	"image"
	"runtime"
	"unsafe"

	"github.com/opal-photo/opal/modules/imagefile"
)

// DecodeOwn decodes JPEG, PNG, WebP or AVIF bytes that OPAL wrote itself, in
// this process. Never give it bytes from outside: use a Decoder.
//
// Errors: those of Inspect, and ErrCorrupt.
func DecodeOwn(b []byte) (*image.NRGBA, error) {
	if err := startVips(); err != nil {
		return nil, err
	}
	p, err := imagefile.Parse(b)
	info := p.Info
	if err != nil {
		return nil, err
	}
	w, h := info.Stored()
	stored := roughPicture(w, h)
	// libvips takes longer to add an alpha than this takes.
	into, bands := stored.Pix, bytesPerPixel
	if !info.HasAlpha { // such files of OPAL's own have three bands
		bands--
		into = rough(w * h * bands)
		defer giveBack(into)
	}
	// Both stay where they are until the call has ended, and with it all that it made of
	// them. A copy of C's own would cost as much as a third of the decoding.
	var pinned runtime.Pinner
	defer pinned.Unpin()
	pinned.Pin(unsafe.SliceData(b))
	pinned.Pin(unsafe.SliceData(into))
	err = decodeInto(source{format: info.Format, data: b, w: w, h: h, bands: bands, profile: p.Profile()}, unsafe.Pointer(unsafe.SliceData(into)))
	switch {
	case err != nil:
		Recycle(stored)
		return nil, ErrCorrupt.With("%s", damage(err.Error()))
	}
	if bands < bytesPerPixel {
		widen(stored.Pix, into)
	}
	if info.Orientation <= 1 {
		return stored, nil
	}
	img := roughPicture(info.Width, info.Height)
	orientRows(img, info.Orientation, stored.Pix, 0, h)
	Recycle(stored)
	return img, nil
}
