package export

import (
	"path"

	"github.com/opal-photo/opal/modules/filename"
	"github.com/opal-photo/opal/modules/picture"
)

// reviewFolder holds what a person has yet to look at.
const reviewFolder = "review"

// entryName is preset/photo-scene.ext, numbered when two photos have one name. A
// picture without a scene has none in its name. What a person has yet to look at
// lies in folder review.
func entryName(names *filename.Names, f bundled) string {
	stem := filename.Slug(f.source.Filename)
	if f.source.Scene != "" && f.source.BackdropPath != "" {
		stem += "-" + filename.Slug(f.source.Scene)
	}
	folder := f.Preset
	if f.state() == picture.ReviewPending {
		folder = reviewFolder + "/" + folder
	}
	return names.Unique(folder+"/"+stem, path.Ext(*f.BlobPath))
}
