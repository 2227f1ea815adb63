package batch

import (
	"path"
	"strings"

	"github.com/opal-photo/opal/modules/picture"
)

// reviewFolder is the folder, below that of the results, of pictures that a person has
// to look at before they are used: the ZIP of a job has it, too.
const reviewFolder = "review"

// places are the folders that an item's files may go to: its own, and the one for what
// has to be looked at.
func places(dir string) [2]string { return [2]string{dir, path.Join(reviewFolder, dir)} }

// doubtfulPlace is the folder that an item's files go to.
func doubtfulPlace(dir string, doubtful bool) string {
	if doubtful {
		return places(dir)[1]
	}
	return dir
}

// photoDir is the photo's folder in the name of a file of an earlier run.
func photoDir(name string) (dir string, ok bool) {
	dir, _, ok = strings.Cut(strings.TrimPrefix(name, reviewFolder+"/"), "/")
	return dir, ok
}

// boxes are an item's concerns in the report: never null.
func boxes(all []picture.Concern) []picture.Concern {
	if all == nil {
		return []picture.Concern{}
	}
	return all
}
