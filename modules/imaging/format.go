package imaging

import "github.com/opal-photo/opal/modules/imagefile"

// The types of package imagefile that this package's functions take and return.
type (
	Format     = imagefile.Format
	Info       = imagefile.Info
	SourceType = imagefile.SourceType
)

const (
	JPEG = imagefile.JPEG
	PNG  = imagefile.PNG
	WebP = imagefile.WebP
	AVIF = imagefile.AVIF

	MaxBytes  = imagefile.MaxBytes
	MaxPixels = imagefile.MaxPixels

	SourceComposite = imagefile.SourceComposite
	SourceGenerated = imagefile.SourceGenerated
)

// Inspect and SourceXMP are the functions of package imagefile.
var (
	Inspect   = imagefile.Inspect
	SourceXMP = imagefile.SourceXMP
)
