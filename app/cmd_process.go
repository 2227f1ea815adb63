package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/export"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/studio"
)

// processOptions are the flags of `opal process`.
type processOptions struct {
	out      string
	scenes   []string
	presets  []string
	prompt   string
	palette  []string
	light    string
	fill     float64
	noScene  bool
	noCutout bool
	noUp     bool
}

// reportItem is one picture in report.json.
type reportItem struct {
	File         string             `json:"file"`
	Scene        string             `json:"scene"`
	Status       string             `json:"status"` // completed or failed
	Error        *string            `json:"error"`
	Code         *string            `json:"code,omitempty"`
	Output       string             `json:"output,omitempty"`
	Confidence   *float64           `json:"confidence"`
	NeedsReview  bool               `json:"needs_review"`
	ReviewReason string             `json:"review_reason,omitempty"`
	Fidelity     *pipeline.Fidelity `json:"fidelity"`
	Steps        map[string]int64   `json:"step_ms"`
	Variants     []reportVariant    `json:"variants"`
}

type reportVariant struct {
	Preset string        `json:"preset"`
	File   string        `json:"file"`
	Width  int           `json:"width"`
	Height int           `json:"height"`
	Bytes  int           `json:"bytes"`
	Checks []check.Check `json:"checks"`
}

// processCommand is the whole pipeline over files, with no server.
func processCommand(s Streams) *cobra.Command {
	var o processOptions
	cmd := &cobra.Command{
		Use:   "process PATH...",
		Short: "Run the whole pipeline over files and folders, with no server",
		Long: "Cuts each product out, places it into a scene, and makes every channel's variant.\n" +
			"Bad files are reported and passed over. Outputs, variants and report.json go to --out.",
		Example: "  opal process photos/ --out finished/\n  opal process mug.jpg --scene kitchen,minimal --preset amazon_main",
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return process(cmd.Context(), s, o, args) },
	}
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "finished", "folder for the results")
	f.StringSliceVar(&o.scenes, "scene", []string{"studio"}, "scenes to make of each photo: "+fmt.Sprint(picture.SceneTypes()))
	f.StringSliceVar(&o.presets, "preset", nil, "variants to make (default: "+fmt.Sprint(channel.Defaults())+")")
	f.StringVar(&o.prompt, "prompt", "", "words that steer the scene: colours, materials, light, mood")
	f.StringSliceVar(&o.palette, "palette", nil, "brand colours, such as #a3b18a")
	f.StringVar(&o.light, "light", "", "side of the light: left or right")
	f.Float64Var(&o.fill, "fill", 0, "share of the frame that the product takes, 0.3 to 0.9")
	f.BoolVar(&o.noScene, "no-scene", false, "stop at the cut-out")
	f.BoolVar(&o.noCutout, "no-cutout", false, "take the whole frame as the product")
	f.BoolVar(&o.noUp, "no-upscale", false, "leave the scene at its own size")
	return cmd
}

func process(ctx context.Context, s Streams, o processOptions, paths []string) error {
	if len(o.presets) == 0 {
		o.presets = channel.Defaults()
	}
	if err := channel.Validate(o.presets); err != nil {
		return err
	}
	for _, sc := range o.scenes {
		if !slices.Contains(picture.SceneTypes(), sc) {
			return fault.New(fault.Invalid, "scene_type_unknown", fmt.Sprintf("--scene %q is not known; known are %v", sc, picture.SceneTypes()))
		}
	}
	files, err := findPictures(paths)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return fmt.Errorf("make the output folder: %w", err)
	}
	d := imaging.NewDecoder(imaging.DecoderOptions{})
	defer d.Close()
	d.Warm()
	p := pipeline.New(d, studio.Cutter{}, studio.NewPlacer(backdropCache))

	report := make([]reportItem, len(files)*len(o.scenes))
	bar := progressbar.NewOptions(len(report), progressbar.OptionSetWriter(s.Err), progressbar.OptionShowCount(),
		progressbar.OptionSetDescription("processing"), progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
	var g errgroup.Group
	g.SetLimit(max(1, min(2, runtime.GOMAXPROCS(0))))
	for i, f := range files {
		for j, sc := range o.scenes {
			g.Go(func() error {
				report[i*len(o.scenes)+j] = processOne(ctx, p, o, f, sc)
				return bar.Add(1)
			})
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return finishReport(s, o.out, report)
}

// finishReport writes report.json and sums it up.
func finishReport(s Streams, out string, report []reportItem) error {
	b, err := json.MarshalIndent(map[string]any{"items": report}, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(out, "report.json")
	if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	failed, review := 0, 0
	for _, r := range report {
		switch {
		case r.Error != nil:
			failed++
			fmt.Fprintf(s.Err, "failed  %s: %s\n", r.File, *r.Error)
		case r.NeedsReview:
			review++
			fmt.Fprintf(s.Err, "review  %s: %s\n", r.File, r.ReviewReason)
		}
	}
	fmt.Fprintf(s.Err, "%d finished (%d to be reviewed), %d failed; see %s\n", len(report)-failed, review, failed, path)
	if failed > 0 {
		return errReported
	}
	return nil
}

func processOne(ctx context.Context, p *pipeline.Pipeline, o processOptions, f source, scene string) (item reportItem) {
	item = reportItem{File: f.path, Scene: scene, Status: "failed", Steps: map[string]int64{}, Variants: []reportVariant{}}
	fail := func(err error) reportItem {
		text, code := err.Error(), fault.CodeOf(err)
		item.Error, item.Code = &text, &code
		return item
	}
	store := &pipeline.Memory{}
	in := pipeline.Input{
		TenantID: "local", Filename: filepath.Base(f.path), Scene: scene, Prompt: o.prompt,
		Look:    picture.Look{ID: "default", Palette: o.palette, Light: o.light, ProductFill: o.fill},
		Options: pipeline.Options{RemoveBackground: !o.noCutout, GenerateScene: !o.noScene, Upscale: !o.noUp},
		Raw:     func(context.Context) ([]byte, error) { return readPicture(f.path, imaging.MaxBytes) },
	}
	res, err := p.Run(ctx, in, store, &stopwatch{ms: item.Steps})
	if err != nil {
		var se *pipeline.StepError
		if errors.As(err, &se) {
			err = se.Err
		}
		return fail(err)
	}
	item.Confidence, item.NeedsReview, item.ReviewReason, item.Fidelity = res.Confidence, res.NeedsReview, res.ReviewReason, res.Fidelity
	began := time.Now()
	dir := filepath.Join(o.out, f.name)
	if len(o.scenes) > 1 {
		dir = filepath.Join(dir, scene)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fail(err)
	}
	write := func(name string, b []byte) (string, error) {
		path := filepath.Join(dir, name)
		return path, os.WriteFile(path, b, 0o644)
	}
	save := func(name, path string) (string, error) {
		b, err := store.Get(ctx, path)
		if err != nil {
			return "", err
		}
		return write(name, b)
	}
	if item.Output, err = save("output"+filepath.Ext(res.OutputPath), res.OutputPath); err != nil {
		return fail(err)
	}
	if _, err := save("cutout.png", res.CutoutPath); err != nil {
		return fail(err)
	}
	l, err := layersOf(ctx, store, export.Source{Layers: res.Layers, Filename: f.name, Scene: scene})
	if err != nil {
		return fail(err)
	}
	err = export.Render(ctx, l, o.presets, func(v export.Variant) error {
		path, err := write(v.Preset.Name+"."+v.Preset.Format.Extension(), v.File)
		item.Variants = append(item.Variants, reportVariant{v.Preset.Name, path, v.Width, v.Height, len(v.File), v.Checks})
		return err
	})
	if err != nil {
		return fail(err)
	}
	item.Steps["export"] = time.Since(began).Milliseconds()
	slices.SortFunc(item.Variants, func(a, b reportVariant) int {
		return slices.Index(o.presets, a.Preset) - slices.Index(o.presets, b.Preset)
	})
	item.Status = "completed"
	return item
}

// stopwatch times the steps.
type stopwatch struct {
	ms    map[string]int64
	began time.Time
}

// StepBegan starts the clock.
func (w *stopwatch) StepBegan(context.Context, string) { w.began = time.Now() }

// StepEnded stops it.
func (w *stopwatch) StepEnded(_ context.Context, step string, _ error) {
	w.ms[step] = time.Since(w.began).Milliseconds()
}

// StepReused has no time.
func (*stopwatch) StepReused(context.Context, string) {}

// Checkpoint keeps nothing: the work ends with the process.
func (*stopwatch) Checkpoint(context.Context, pipeline.Checkpoint) error { return nil }

// layersOf decodes a finished picture's layers.
func layersOf(ctx context.Context, store pipeline.Artifacts, src export.Source) (*export.Layers, error) {
	l := &export.Layers{Source: src}
	for _, f := range []struct {
		path string
		into **image.NRGBA
	}{{src.CutoutPath, &l.Cutout}, {src.BackdropPath, &l.Backdrop}, {src.ShadowPath, &l.Shadow}} {
		if f.path == "" {
			continue
		}
		b, err := store.Get(ctx, f.path)
		if err == nil {
			*f.into, err = imaging.DecodeOwn(b)
		}
		if err != nil {
			return nil, err
		}
	}
	return l, nil
}
