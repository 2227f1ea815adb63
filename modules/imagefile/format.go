package imagefile

// Format is an encoded picture's format.
type Format string

// The formats. HEIC and TIFF are read alone.
const (
	JPEG Format = "jpeg"
	PNG  Format = "png"
	WebP Format = "webp"
	AVIF Format = "avif"
	HEIC Format = "heic" // HEIF with HEVC, as phones write it
	TIFF Format = "tiff"
)

// MediaType returns the format's media type, such as "image/jpeg".
func (f Format) MediaType() string { return "image/" + string(f) }

// Extension returns the usual file extension without a dot, such as "jpg".
func (f Format) Extension() string {
	if f == JPEG {
		return "jpg"
	}
	return string(f)
}

// The limits of a picture from outside.
const (
	MaxBytes  = 25 << 20   // encoded size
	MaxPixels = 50_000_000 // width times height

	// maxProfileBytes bounds a decompressed ICC profile. The largest in common
	// use, for printing presses, are near 3 MB; a JPEG can hold one of 16 MB.
	maxProfileBytes = 16 << 20
)
