package app

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/modules/batch"
	"github.com/opal-photo/opal/modules/cutout/refine"
	"github.com/opal-photo/opal/modules/imaging"
)

// cutoutCommand is background removal alone.
func cutoutCommand(s Streams) *cobra.Command {
	var o batch.CutoutOptions
	var quiet bool
	var hints hintFlags
	cmd := &cobra.Command{
		Use:   "cutout IMAGE...",
		Short: "Remove the background: RGBA PNGs, and a JSON line for each file",
		Long: "Removes the background of files, and of those in folders: a PNG each in --out, and a line of JSON each on standard output.\n" +
			"Those that a person should look at (REVIEW_BELOW) lie in the folder review of --out.\n" +
			"The name - is standard input; its PNG goes to standard output. OPAL's own results are no photos, and no file is\n" +
			"overwritten that OPAL didn't make.\n" +
			"--keep, --remove and --box say of one picture, in its pixels, what is wrong with its cut-out. What\n" +
			"they make is judged anew, so a cut-out that stays doubtful stays in review.",
		Example: "  opal cutout mug.jpg photos/ --out cutouts/\n" +
			"  opal cutout mug.jpg --output mug-alone.png\n" +
			"  opal cutout watch.jpg --remove 563,600 --keep 120,80     # the strap's opening goes, the buckle stays\n" +
			"  opal cutout - < mug.jpg > mug.png",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if o.Hints, err = hints.read(); err != nil {
				return err
			}
			if o.Review, err = localReview(os.Environ()); err != nil {
				return err
			}
			cutter, end, note, err := localCutter(os.Environ())
			if err != nil {
				return err
			}
			defer func() { _ = end() }()
			if err := awaitModel(cmd.Context(), cutter); err != nil {
				return err
			}
			s.say(note, quiet)
			d := imaging.NewDecoder(imaging.DecoderOptions{})
			defer d.Close()
			d.Warm()
			refiner := refine.New(refine.Options{})
			defer refiner.Close()
			return ended(batch.Cutout(cmd.Context(), batch.Streams{In: s.In, Out: s.Out, Err: s.Err, Quiet: quiet},
				batch.Cutters{Decoder: d, Cutter: cutter, Refiner: refiner}, o, args))
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Dir, "out", "cutouts", "folder for the PNGs")
	f.StringVarP(&o.File, "output", "o", "", "file for the PNG of one picture instead; - is standard output")
	f.BoolVar(&o.Force, "force", false, "overwrite files that OPAL didn't make")
	f.BoolVar(&o.Own, "own", false, "take OPAL's own results for photos, too")
	addJobs(f, &o.Jobs, "photos that are worked on at the same time")
	f.BoolVar(&o.Translucent, "translucent", false, translucentUsage)
	f.StringArrayVar(&hints.keep, "keep", nil, "a pixel x,y of the product that the cut-out lost; may be repeated")
	f.StringArrayVar(&hints.remove, "remove", nil, "a pixel x,y that isn't the product's; may be repeated")
	f.StringVar(&hints.box, "box", "", "x,y,width,height: the product lies within these pixels; concerns have their boxes so")
	alwaysJSON(f)
	f.BoolVarP(&quiet, "quiet", "q", false, "no words on standard error")
	cmd.MarkFlagsMutuallyExclusive("out", "output")
	return cmd
}
