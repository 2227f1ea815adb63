package app

import (
	"context"

	"github.com/opal-photo/opal/modules/brand"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/picture"
)

// brandSource gives jobs the brand profiles: siblings don't know each other, so
// their shapes meet here.
type brandSource struct{ brands *brand.Service }

// Brand returns a profile as a job keeps it.
func (b brandSource) Brand(ctx context.Context, tenantID, id string) (job.Brand, error) {
	p, err := b.brands.Get(ctx, tenantID, id)
	if err != nil {
		return job.Brand{}, err
	}
	return job.Brand{
		Look:    lookOf(p),
		Presets: p.DefaultPresets, Plates: p.Plates,
		Review: picture.Review{Off: p.Review == brand.ReviewOff, Below: p.ReviewBelow},
		Rights: p.Rights, Naming: p.Naming,
	}, nil
}

// lookOf returns what a profile says of scenes.
func lookOf(p brand.Profile) picture.Look {
	light := p.LightDirection
	if light == brand.LightAuto {
		light = ""
	}
	return picture.Look{
		ID: p.ID, ScenePrompt: p.ScenePrompt, NegativePrompt: p.NegativePrompt, Palette: p.Palette, Mood: p.Mood,
		Keywords: p.Keywords, Light: light, ProductFill: p.ProductFill, Steering: p.Steering,
	}
}
