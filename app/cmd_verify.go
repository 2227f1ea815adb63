package app

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/modules/batch"
	"github.com/opal-photo/opal/modules/imaging"
)

// verifyCommand compares a delivered picture with its photo.
func verifyCommand(s Streams) *cobra.Command {
	var o batch.VerifyOptions
	var quiet bool
	cmd := &cobra.Command{
		Use:   "verify ORIGINAL DELIVERED",
		Short: "Say whether the product in a delivered picture is the one of the photo",
		Long: "Compares the product in a delivered picture with the photo that it was made of, pixel by pixel inside its outline:\n" +
			"colour, likeness, detail and shift, against limits. Where the product lies is taken from what OPAL wrote into the\n" +
			"file or its report.json; of other pictures it is looked for by size, shift and crop. Exit code 0: untouched,\n" +
			"1: changed, 3: the product was not found.",
		Example: "  opal verify mug.jpg finished/mug/shopify.jpg\n" +
			"  opal verify mug.jpg from-the-agency.png --mask mug-mask.png --json",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			cutter, end, note, err := localCutter(os.Environ())
			if err != nil {
				return err
			}
			defer func() { _ = end() }()
			if o.Mask == "" {
				s.say(note, quiet)
			}
			d := imaging.NewDecoder(imaging.DecoderOptions{})
			defer d.Close()
			return ended(batch.Verify(cmd.Context(), batch.Streams{In: s.In, Out: s.Out, Err: s.Err, Quiet: quiet},
				batch.Cutters{Decoder: d, Cutter: cutter}, o, args[0], args[1]))
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Mask, "mask", "", "the product's mask in the original, of its size: white or opaque where the product is (default: it is cut out)")
	f.StringVar(&o.Report, "report", "", "report.json of the run that made the delivered picture (default: what the file itself states)")
	f.BoolVar(&o.JSON, "json", false, "a line of JSON with all figures")
	f.BoolVarP(&quiet, "quiet", "q", false, "no words on standard error")
	return cmd
}
