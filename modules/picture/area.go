package picture

// Area says which part of a picture a colour of the palette names.
type Area struct {
	Colour string `json:"colour"`        // #rrggbb, as the palette has it
	Name   string `json:"name"`          // backdrop, wall, cushion, sheet and so on; "": the scene shows it nowhere
	Exact  bool   `json:"exact"`         // it is kept there to ΔE2000 3; else the scene takes its tone
	Why    string `json:"why,omitempty"` // it isn't exact, for people
	// Where lies in the scene, as shares of its frame: left, top, right, bottom. The zero
	// value: no place of its own.
	Where [4]float64 `json:"where,omitzero"`
}
