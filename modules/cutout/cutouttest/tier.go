// Package cutouttest draws product photographs whose cut-out is known, and
// measures cut-outs against them. The same seed always gives the same picture.
package cutouttest

// Tier is a kind of photograph, by what makes its cut-out hard.
type Tier string

// The tiers, roughly from easy to hopeless.
const (
	White        Tier = "white"          // near-white backdrop, any product
	Gradient     Tier = "gradient"       // coloured sweep with a horizon and a vignette
	Shadow       Tier = "shadow"         // strong contact, penumbra and cast shadows, tinted or nearly black
	LowContrast  Tier = "low contrast"   // backdrop 14–24 levels from the product's median colour
	WhiteOnWhite Tier = "white on white" // pale product on a near-white backdrop
	Clutter      Tier = "clutter"        // wood, gravel, things: to be flagged rather than cut
)

// Tiers lists all tiers in the order of reports.
func Tiers() []Tier { return []Tier{White, Gradient, Shadow, LowContrast, WhiteOnWhite, Clutter} }

// Family is a product's shape.
type Family string

// The shape families.
const (
	Bottle  Family = "bottle"
	Mug     Family = "mug"   // a handle with a hole
	Stool   Family = "stool" // legs of a few pixels
	Fuzzy   Family = "fuzzy" // an outline of hairs
	Shoe    Family = "shoe"
	Box     Family = "box"
	Glasses Family = "glasses" // thin frame, two large openings
	Garment Family = "garment" // a shirt seen from the front, folds
	Lamp    Family = "lamp"    // a thin stem between two large parts
)

// Families lists all shape families.
func Families() []Family {
	return []Family{Bottle, Mug, Stool, Fuzzy, Shoe, Box, Glasses, Garment, Lamp}
}
