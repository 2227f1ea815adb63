package export

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/filename"
)

// Reserved names of a folder of finished files.
const (
	ReviewFolder = "review" // holds the pictures that a person has not looked at yet
	ManifestJSON = "manifest.json"
	ManifestCSV  = "manifest.csv"
)

// Unnamed is a finished file that is to be named.
type Unnamed struct {
	Preset channel.Preset
	Source Source // its photo's name, its scene and its product
	Within string // a folder around the channel's, such as ReviewFolder; "": none
}

// Named is a finished file's name.
type Named struct {
	Path    string // with slashes: the channel's folder and the name in it
	Slot    string // its place in the listing, "" where the channel has none
	Problem string // why the name is not as the channel demands, and what to do; "": it is
}

// Names gives the files of one tree their names: a folder a channel, and in it the
// names that the channel demands (ASIN.MAIN.jpg, a GTIN-14, an address of words), else
// the photo's own with its scene, and the preset's suffix where the channel has
// several. Names are safe on every file system and differ by more than case. The same
// files in the same order always get the same names. The zero value is an empty tree.
type Names struct {
	taken filename.Names
	slots map[string]bool // names without their extension: a slot is taken once, whatever the file's format
	nth   map[string]int  // how many files a pattern with {n} has named, by all else of the name
}

// Reserve takes paths that are not given to a file.
func (n *Names) Reserve(paths ...string) { n.taken.Reserve(paths...) }

// All names files. Files whose photos say their place in a listing get it before the
// others.
func (n *Names) All(files []Unnamed) []Named {
	order := make([]int, len(files))
	for i := range files {
		order[i] = i
	}
	rank := func(i int) int {
		f := files[i]
		switch {
		case f.Source.Product.Slot == "" || f.Preset.Slot == "":
			return 2
		case f.Preset.Slot == channel.MainSlot:
			return 0
		}
		return 1
	}
	slices.SortStableFunc(order, func(a, b int) int { return rank(a) - rank(b) })
	out := make([]Named, len(files))
	for _, i := range order {
		out[i] = n.name(files[i])
	}
	return out
}

// name names one file.
func (n *Names) name(f Unnamed) Named {
	p := f.Preset
	if p.Background != channel.Scene { // made once for all scenes of its photo: it shows none
		f.Source.Scene = ""
	}
	folder := path.Join(f.Within, channel.Folder(p.Channel))
	ext := "." + p.Format.Extension()
	suffix := ""
	if p.Suffix != "" && len(channel.Of(p.Channel)) > 1 {
		suffix = "-" + p.Suffix
	}
	form := p.FileName
	if form == "" && f.Source.Naming != "" {
		return Named{Path: n.taken.Unique(folder+"/"+n.patterned(f), ext), Slot: p.Slot}
	}
	if form == "" {
		return Named{Path: n.taken.Unique(folder+"/"+ownName(f.Source)+suffix, ext), Slot: p.Slot}
	}
	inSlot := p.Slot != "" && strings.Contains(form, p.Slot)
	stem, lacks := fill(form, f.Source)
	switch {
	case lacks != "":
		return Named{Path: n.taken.Unique(folder+"/"+ownName(f.Source)+suffix, ext), Slot: p.Slot,
			Problem: fmt.Sprintf("%s names this file by its %s: give the item one, or rename the file before it is uploaded", p.Channel, lacks)}
	case !inSlot:
		name := n.taken.Unique(folder+"/"+stem+suffix, ext)
		out := Named{Path: name, Slot: p.Slot}
		if strings.Contains(form, "{gtin") && name != folder+"/"+stem+ext {
			out.Problem = fmt.Sprintf("%s takes one file of this name and there are several: rename or leave out this one", p.Channel)
		}
		return out
	}
	for _, s := range places(p, f.Source.Product.Slot) {
		want := folder + "/" + strings.Replace(stem, p.Slot, s, 1)
		if n.slots[want] {
			continue
		}
		if n.slots == nil {
			n.slots = map[string]bool{}
		}
		n.slots[want] = true
		out := Named{Path: n.taken.Unique(want, ext), Slot: s}
		if out.Path != want+ext {
			out.Problem = fmt.Sprintf("%s takes one file of this name and there are several: rename or leave out this one", p.Channel)
		}
		return out
	}
	return Named{Path: n.taken.Unique(folder+"/"+ownName(f.Source)+suffix, ext),
		Problem: p.Channel + " has no place left for another picture of this product: leave out this one"}
}

// places lists the slots that a file may take, the wanted one first: the photo's own
// where the channel knows it and the preset is not for another kind of picture, else
// the preset's. When it is taken, the next free one of further pictures follows.
func places(p channel.Preset, own string) []string {
	further := p.FurtherSlots()
	out := []string{p.Slot}
	if own != "" && p.HasSlot(own) && (p.Slot == channel.MainSlot || slices.Contains(further, own) && slices.Contains(further, p.Slot)) {
		out[0] = own
	}
	return append(out, further...)
}

// patterned names a file by its brand's pattern. What the product lacks is its photo's name.
func (n *Names) patterned(f Unnamed) string {
	p, photo := f.Preset, filename.Slug(f.Source.Filename)
	or := func(s string) string {
		if s = strings.TrimSpace(s); s == "" {
			return photo
		}
		return filename.Slug(strings.ReplaceAll(s, "/", "_"))
	}
	scene := ""
	if f.Source.Scene != "" && f.Source.BackdropPath != "" {
		scene = filename.Slug(f.Source.sceneLabel())
	}
	size := p.Suffix
	if size == "" {
		size = p.Name
	}
	stem := strings.NewReplacer("{name}", photo, "{sku}", or(f.Source.Product.SKU), "{title}", or(f.Source.Product.Title), "{scene}", scene, "{channel}", channel.Folder(p.Channel), "{size}", size).Replace(f.Source.Naming)
	if strings.Contains(stem, "{n}") {
		if n.nth == nil {
			n.nth = map[string]int{}
		}
		n.nth[stem]++
		stem = strings.ReplaceAll(stem, "{n}", strconv.Itoa(n.nth[stem]))
	}
	stem = strings.Trim(doubled.ReplaceAllString(stem, "$1"), "-_. ") // an empty field leaves its dash
	if stem == "" {
		return photo
	}
	return filename.Slug(stem)
}

// doubled matches marks between words where a field was empty.
var doubled = regexp.MustCompile(`([-_. ])[-_. ]+`)

// ownName is a photo's own name with its scene; a picture without a scene leaves it
// out.
func ownName(s Source) string {
	stem := filename.Slug(s.Filename)
	if s.Scene != "" && s.BackdropPath != "" {
		stem += "-" + filename.Slug(s.sceneLabel())
	}
	return stem
}

// fill puts a product into the form of a channel's names. lacks names what the form
// asks for and the product doesn't have.
func fill(form string, s Source) (stem, lacks string) {
	p := s.Product
	asin := p.ASIN
	if asin == "" {
		asin = p.GTIN // Amazon finds the product by its barcode, too
	}
	slug := filename.SEO(p.Title)
	if slug == "" {
		slug = filename.SEO(filename.Stem(s.Filename))
	}
	if slug == "" {
		slug = filename.Slug(s.Filename)
	}
	if s.Scene != "" && s.BackdropPath != "" {
		slug += "-" + filename.SEO(s.sceneLabel())
	}
	sku := p.SKU
	if sku != "" {
		sku = filename.Stem(strings.ReplaceAll(sku, "/", "_"))
	}
	stem = form
	for _, f := range []struct{ field, value, words string }{
		{"{asin}", asin, "ASIN or GTIN"}, {"{gtin}", p.GTIN, "GTIN"}, {"{gtin14}", p.GTIN14(), "GTIN"}, {"{sku}", sku, "SKU"}, {"{slug}", slug, "title"},
	} {
		if !strings.Contains(stem, f.field) {
			continue
		}
		if f.value == "" {
			return "", f.words
		}
		stem = strings.ReplaceAll(stem, f.field, f.value)
	}
	return stem, ""
}
