package app

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/studio"
)

// cutoutLine is what `opal cutout` says of one file.
type cutoutLine struct {
	File         string  `json:"file"`
	Output       string  `json:"output,omitempty"`
	Confidence   float64 `json:"confidence"`
	NeedsReview  bool    `json:"needs_review"`
	ReviewReason string  `json:"review_reason,omitempty"`
	Millis       int64   `json:"ms"`
	Error        string  `json:"error,omitempty"`
	Code         string  `json:"code,omitempty"`
}

// cutoutCommand is background removal alone.
func cutoutCommand(s Streams) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:     "cutout IMAGE...",
		Short:   "Remove the background: RGBA PNGs, and a JSON line for each file",
		Example: "  opal cutout mug.jpg\n  opal cutout photos/ --out cutouts/",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := findPictures(args)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(out, 0o755); err != nil {
				return fmt.Errorf("make the output folder: %w", err)
			}
			d := imaging.NewDecoder(imaging.DecoderOptions{})
			defer d.Close()
			d.Warm()
			lines := json.NewEncoder(s.Out)
			failed := false
			for _, f := range files {
				l := cutOne(cmd.Context(), d, f, out)
				failed = failed || l.Error != ""
				if err := lines.Encode(l); err != nil {
					return err
				}
			}
			if failed {
				return errReported
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "cutouts", "folder for the PNGs")
	return cmd
}

func cutOne(ctx context.Context, d *imaging.Decoder, f source, out string) (l cutoutLine) {
	l.File = f.path
	began := time.Now()
	defer func() { l.Millis = time.Since(began).Milliseconds() }()
	fail := func(err error) cutoutLine {
		l.Error, l.Code = err.Error(), fault.CodeOf(err)
		return l
	}
	b, err := readPicture(f.path, imaging.MaxBytes)
	if err != nil {
		return fail(err)
	}
	photo, _, err := d.Decode(ctx, b)
	if err != nil {
		return fail(err)
	}
	c, err := studio.Cutter{}.Cut(ctx, photo)
	if err != nil {
		return fail(err)
	}
	if b, err = imaging.Encode(c.Image, imaging.EncodeOptions{Format: imaging.PNG, XMP: imaging.SourceXMP(imaging.SourceComposite)}); err != nil {
		return fail(err)
	}
	path := filepath.Join(out, f.name+".png")
	if err := os.WriteFile(path, b, 0o644); err != nil {
		return fail(err)
	}
	l.Output, l.Confidence = path, c.Confidence
	if l.NeedsReview = c.Confidence < pipeline.ReviewBelow; l.NeedsReview {
		l.ReviewReason = c.Reason
	}
	return l
}
