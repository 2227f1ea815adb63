package picture

// DefaultBrand is the brand profile that every tenant has.
const DefaultBrand = "default"

// The sides that a scene is lit from.
const (
	LightLeft  = "left"
	LightRight = "right"
)

// Look is what steers the pictures of one brand. The same values give every item
// of a catalogue the same set. The zero value of a field leaves the choice to the
// scene.
type Look struct {
	ID             string   `json:"id"` // of the brand profile
	ScenePrompt    string   `json:"scene_prompt,omitempty"`
	NegativePrompt string   `json:"negative_prompt,omitempty"`
	Palette        []string `json:"palette,omitempty"` // #rrggbb, the most important first
	Mood           string   `json:"mood,omitempty"`
	Keywords       []string `json:"keywords,omitempty"`
	Light          string   `json:"light,omitempty"`        // LightLeft, LightRight or "" for the scene's choice
	ProductFill    float64  `json:"product_fill,omitempty"` // share of the frame's side that the product takes
	Steering       Steering `json:"steering,omitzero"`      // of every picture, unless an item has its own
}

// Catalogue reports whether a brand's pictures share one set. Pictures with profile
// default, or without one, follow each product's light and tone.
func Catalogue(brandID string) bool { return brandID != "" && brandID != DefaultBrand }
