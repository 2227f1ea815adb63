package batch

import (
	"context"
	"errors"
	"slices"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

// fixable reports whether a broken rule can be kept by making the picture anew.
func fixable(c check.Check) bool {
	return c.Broken() && c.Severity != string(channel.Advice) && !slices.Contains([]string{channel.FileName, channel.SetSize, channel.NotGenerated}, c.Rule)
}

// fix sends the pictures that were rejected or warned through the pipeline, for the
// presets that they failed, and holds what comes of them against the same rules.
func (r *checking) fix(ctx context.Context, subjects []subject) error {
	if r.Fixer == nil {
		return fault.New(fault.Invalid, "fix_unsupported", "Pictures are not fixed here")
	}
	o := Options{
		Dir: r.Fix, Scenes: []string{"studio"}, Look: picture.Look{ID: picture.DefaultBrand}, Steps: pipeline.Options{RemoveBackground: true, Upscale: true},
		Force: r.Force, Own: true, Jobs: r.Jobs, Version: r.Version, On: r.on, Presets: channel.Defaults(),
	}
	var found Found
	at := map[string]*CheckedItem{}
	for i, s := range subjects {
		it := r.report.Items[i]
		if len(it.needsFix) == 0 || at[s.label] != nil {
			continue
		}
		for _, name := range it.needsFix {
			p, _ := channel.Find(name)
			o.Steps.GenerateScene = o.Steps.GenerateScene || p.Background == channel.Scene
		}
		at[s.label] = it
		found.Photos = append(found.Photos, Photo{Path: s.label, load: s.load, presets: slices.Clone(it.needsFix)})
	}
	if len(found.Photos) == 0 {
		return nil
	}
	rep, err := finish(ctx, r.Streams, r.Fixer, o, found)
	if rep == nil {
		return err
	}
	for _, done := range rep.Items {
		it := at[done.File]
		if it == nil {
			continue
		}
		for _, v := range done.Variants {
			f := Fixed{Preset: v.Preset, File: v.File, Status: check.Verdict(v.Checks), Checks: v.Checks}
			if f.Status == Passed && done.NeedsReview {
				f.Status = unsure // the cut-out has to be looked at
			}
			it.Fixed = append(it.Fixed, f)
		}
	}
	if errors.Is(err, ErrFailed) { // the report says which
		return nil
	}
	return err
}
