package batch

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/filename"
)

// The limits of what is told of rows of no photo.
const (
	mostUnmatched = 5       // that are told by their names
	mostGuesses   = 500_000 // pairs of names that are held against each other
)

// unmatched tells of the rows of the list of products that no photo matches: a name spelt
// wrongly would lose all that is wished there. Those that are like the name of a photo
// without a row are told each, the others by their number, as a list may hold a whole shop.
func (r *run) unmatched(photos []Photo) (lines []string) {
	rows := maps.Clone(r.Products)
	var bare []string // photos that no row names
	for _, p := range photos {
		key := productKey(p.Path)
		if _, ok := r.Products[key]; ok {
			delete(rows, key)
		} else {
			bare = append(bare, key)
		}
	}
	var alike, others []string
	guess := len(rows)*len(bare) <= mostGuesses
	for _, row := range slices.Sorted(maps.Keys(rows)) {
		near := ""
		if guess {
			near = nearestPhoto(row, bare)
		}
		if near == "" {
			others = append(others, filename.Show(row))
		} else {
			alike = append(alike, fmt.Sprintf("the list of products names %s, which is none of the photos; did you mean %s? Its row is not followed", filename.Show(row), filename.Show(near)))
		}
	}
	if n := len(alike); n > mostTold {
		alike = append(alike[:mostTold], fmt.Sprintf("... and %d more rows whose names are like a photo's", n-mostTold))
	}
	if n := len(others); n > 0 {
		more := ""
		if n > mostUnmatched {
			more = " and others"
		}
		alike = append(alike, fmt.Sprintf("rows of the list of products that match none of the photos: %d (%s%s)", n, strings.Join(others[:min(n, mostUnmatched)], ", "), more))
	}
	return alike
}

// nearestPhoto returns the photo whose name, apart from its extension, is a row's or nearly
// so; "" where there is none.
func nearestPhoto(row string, photos []string) string {
	stem := filename.Stem(row)
	for _, p := range photos {
		if filename.Stem(p) == stem {
			return p
		}
	}
	return fault.Nearest(row, photos, len(stem)/4)
}
