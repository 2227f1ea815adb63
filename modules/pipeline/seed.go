package pipeline

import (
	"hash/fnv"
)

// seedOf derives a scene's seed from the brand and the scene alone, so that a
// catalogue has one backdrop and the same job gives the same pictures.
func seedOf(in *Input) uint64 {
	if s := in.steering().Seed; s != nil {
		return *s
	}
	return SeedOf(in.TenantID, in.Look.ID, in.Scene)
}

// SeedOf returns the seed of the scenes that a look of a tenant has.
func SeedOf(tenantID, look, scene string) uint64 {
	h := fnv.New64a()
	for _, s := range []string{tenantID, look, scene} {
		_, _ = h.Write([]byte(s))
		_, _ = h.Write([]byte{0})
	}
	return h.Sum64() >> 11 // fits a JSON number exactly
}
