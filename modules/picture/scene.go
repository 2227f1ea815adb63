package picture

import "slices"

// sceneTypes are the scenes that every placement engine knows, in the order in
// which an item that only gives a count gets them.
var sceneTypes = []string{"studio", "lifestyle", "outdoor", "minimal", "luxury", "kitchen", "office", "nature"}

// CropOriginal is the scene type of a photo's own backdrop: the photo as it is, framed by
// its product.
const CropOriginal = "crop_original"

// SceneTypes lists the scenes' names.
func SceneTypes() []string { return slices.Clone(sceneTypes) }
