package export

import (
	"path"

	"github.com/opal-photo/opal/modules/filename"
)

// entryName is preset/photo-scene.ext, numbered when two photos have one name. A
// picture without a scene has none in its name.
func entryName(names *filename.Names, f bundled) string {
	stem := filename.Slug(f.source.Filename)
	if f.source.Scene != "" && f.source.BackdropPath != "" {
		stem += "-" + filename.Slug(f.source.Scene)
	}
	return names.Unique(f.Preset+"/"+stem, path.Ext(*f.BlobPath))
}
