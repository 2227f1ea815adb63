package job

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

// wishes are what another picture of a finished item would be made of.
type wishes struct {
	scene, prompt string
	steering      picture.Steering
}

// wished checks what is wished of another picture of an item and joins it with what was
// wished before. Errors: ErrSceneType, ErrRequest, picture.ErrSteering, those of Plates.
func (s *Service) wished(ctx context.Context, o Other, done Item) (wishes, error) {
	if err := s.checkWishes(picture.Wishes{Steering: o.Steering}, ""); err != nil {
		return wishes{}, err
	}
	w := wishes{scene: done.SceneType, prompt: done.ScenePrompt, steering: o.Steering.Over(done.Steering)}
	if o.Fresh {
		w.steering = o.Steering
	}
	if o.Scene != "" {
		w.scene = o.Scene
	}
	scene, ok := picture.CleanScene(w.scene)
	if !ok {
		return wishes{}, ErrSceneType.With("%.60q%s", o.Scene, picture.SceneHint(o.Scene))
	}
	if w.scene = scene; o.Prompt != nil {
		w.prompt = *o.Prompt
	}
	if err := checkPrompt(w.prompt); err != nil {
		return wishes{}, err
	}
	if o.Scene == "" {
		return w, s.plateThere(ctx, o.TenantID, scene)
	}
	return w, s.checkPlate(ctx, o.TenantID, scene)
}

// Draft returns what another picture of a finished item would be made of, as the pipeline
// reads it, and the bytes of the cut-out, a PNG. Nothing is made or charged. Errors: those of
// RemakeItem, ErrNoCutout.
func (s *Service) Draft(ctx context.Context, o Other) (in pipeline.Input, cutout func() ([]byte, error), err error) {
	done, _, err := getItem(ctx, s.DB, o.TenantID, o.JobID, o.ItemID)
	if err != nil {
		return in, nil, err
	}
	if done.Status != ItemCompleted {
		return in, nil, ErrNotRemakable.With("it is %s", done.Status)
	}
	w, err := s.wished(ctx, o, done)
	if err != nil {
		return in, nil, err
	}
	checkpoint, err := cutoutOnly(ctx, s.DB, o.ItemID)
	if err != nil {
		return in, nil, err
	}
	if !checkpoint.Valid {
		return in, nil, ErrNoCutout
	}
	var brand Brand
	var text string
	if err := s.DB.QueryRowContext(ctx, `SELECT brand FROM jobs WHERE job_id = $1`, o.JobID).Scan(&text); err != nil {
		return in, nil, fmt.Errorf("load the brand of job %s: %w", o.JobID, err)
	}
	if err := json.Unmarshal([]byte(text), &brand); err != nil {
		return in, nil, fmt.Errorf("read the brand of job %s: %w", o.JobID, err)
	}
	in = pipeline.Input{TenantID: o.TenantID, JobID: o.JobID, ItemID: o.ItemID, Filename: done.Filename, Scene: w.scene, Prompt: w.prompt, Look: brand.Look, Steering: w.steering}
	if of := (set{o.JobID, done.Product.SKU, done.Product.SetID}); of.id != "" {
		in.Set = func(ctx context.Context) (pipeline.Extent, error) { return of.settled(ctx, s.DB) }
	}
	if err := json.Unmarshal([]byte(checkpoint.String), &in.Done); err != nil {
		return in, nil, fmt.Errorf("read the checkpoint of item %s: %w", o.ItemID, err)
	}
	return in, func() ([]byte, error) {
		b, _, err := s.Blobs.Get(ctx, s.Containers.Outputs, in.Done.Cutout.Path, maxOwnPicture)
		if err != nil {
			return nil, fmt.Errorf("load the cut-out of item %s: %w", o.ItemID, err)
		}
		return b, nil
	}, nil
}
