package export

import (
	"path"

	"github.com/opal-photo/opal/modules/filename"
	"github.com/opal-photo/opal/modules/picture"
)

// reviewFolder holds the pictures that a person has not looked at yet.
const reviewFolder = "review"

// entryName returns preset/photo-scene.ext, numbered when two photos have one
// name. The name of a picture without a scene leaves the scene out. Pictures
// that a person has not looked at yet lie in folder review.
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
