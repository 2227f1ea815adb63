package cutout

// Features are the numbers that a confidence is made of. The first group is measured for
// every cut-out, the second by the classical engine alone and the third where a network was
// asked; fields of the other group are 0. Shares are 0–1.
type Features struct {
	Area         float64 `json:"area"`          // the product's share of the picture
	Touch        float64 `json:"touch"`         // the share of the picture's border that the product touches
	EdgeWeak     float64 `json:"edge_weak"`     // the share of the outline across which little changes, for the backdrop's noise
	BorderInlier float64 `json:"border_inlier"` // the share of the border that the backdrop's model fits
	LogSigma     float64 `json:"log_sigma"`     // natural logarithm of the backdrop's standard deviation (Lab)

	AgreeCareful   float64 `json:"agree_careful"`   // overlap (IoU) of the bold and the careful structural cut
	AgreeInside    float64 `json:"agree_inside"`    // the share of the product that differs from the backdrop, each pixel by itself
	DiffersOutside float64 `json:"differs_outside"` // what differs around the outline, relative to the product's area
	Doubt          float64 `json:"doubt"`           // what may be openings or white parts, relative to the product's area
	Chinks         float64 `json:"chinks"`          // what may be small openings, relative to the product's area
	LogStray       float64 `json:"log_stray"`       // natural logarithm of the steps outside, relative to the outline's length
	LogEdge        float64 `json:"log_edge"`        // natural logarithm of the median step across the outline (Lab) plus 1
	LogCompact     float64 `json:"log_compact"`     // natural logarithm of perimeter²/4πarea plus 1: 0.69 for a disc
	Hairy          float64 `json:"hairy"`           // the share of the outline that dissolves into hairs

	Undecided    float64 `json:"undecided"`     // the network's doubt far from its own outline, relative to the product's area
	Blur         float64 `json:"blur"`          // the network's mean doubt at the outline, in pixels
	Framed       float64 `json:"framed"`        // the share of the outline that is the picture's border
	EdgeLow      float64 `json:"edge_low"`      // the share of the outline with almost no contrast
	LikeBackdrop float64 `json:"like_backdrop"` // the share of the inner product that looks like the backdrop
	LikeShadow   float64 `json:"like_shadow"`   // and like the backdrop in shadow
	Parts        float64 `json:"parts"`         // connected pieces
	Spread       float64 `json:"spread"`        // upper quartile of the backdrop's local variation (square root of linear light); 1 where little of it is seen
	Agree        float64 `json:"agree"`         // overlap (IoU) with the classical engine; 0 where it wasn't asked
	Soft         float64 `json:"soft"`          // half-transparent pixels away from the outline for each of the outline, in pixels of 1024 on the longer side
	Apart        float64 `json:"apart"`         // what one of the two alone has, away from both outlines, relative to the area
	Guessed      float64 `json:"guessed"`       // what was opened for its tint alone though the network is sure of it, relative to the area
}
