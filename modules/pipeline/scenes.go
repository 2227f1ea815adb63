package pipeline

import (
	"hash/fnv"
	"slices"
)

// sceneTypes are the scenes that every placement engine knows, in the order in
// which an item that only gives a count gets them.
var sceneTypes = []string{"studio", "lifestyle", "outdoor", "minimal", "luxury", "kitchen", "office", "nature"}

// SceneTypes lists the scenes.
func SceneTypes() []string { return slices.Clone(sceneTypes) }

// seedOf derives a scene's seed from the brand and the scene alone, so that a
// catalogue has one backdrop and the same job gives the same pictures.
func seedOf(in *Input) uint64 {
	h := fnv.New64a()
	for _, s := range []string{in.TenantID, in.Brand.ID, in.Scene} {
		_, _ = h.Write([]byte(s))
		_, _ = h.Write([]byte{0})
	}
	return h.Sum64() >> 11 // fits a JSON number exactly
}
