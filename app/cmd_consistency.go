package app

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/modules/batch"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/studio"
)

// consistencyCommand holds a catalogue's pictures against each other.
func consistencyCommand(s Streams) *cobra.Command {
	var o batch.ConsistencyOptions
	var quiet bool
	cmd := &cobra.Command{
		Use:   "consistency FOLDER",
		Short: "Say whether a catalogue's pictures have one look, and which stand out",
		Long: "Holds pictures against each other by fill, centre, floor line, horizon, white point, exposure, the side of the light, and the\n" +
			"angle and depth of their shadows: a score from 0 to 100, and the five worst with the reason. Of a folder that opal process made the\n" +
			"outputs are compared, scene by scene; of another folder all pictures of one size. --fix makes the worst again as the\n" +
			"others are, until none is left that it can change; repeated, it changes nothing. What a picture alone was wished is left\n" +
			"away first. Pictures on plates need the photographs that --plate named.\n\n" +
			"The exit code is 0 however many stand out, and 1 where a picture can't be read, or files of opal process are missing or\n" +
			"were changed by hand: the score leaves them out.",
		Example: "  opal consistency finished/\n" +
			"  opal consistency finished/ --fix\n" +
			"  opal consistency from-the-agency/ --json",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := loadChannels(os.Getenv(channelsDir)); err != nil {
				return err
			}
			cutter, end, _, err := localCutter(os.Environ())
			if err != nil {
				return err
			}
			defer func() { _ = end() }()
			d := imaging.NewDecoder(imaging.DecoderOptions{})
			defer d.Close()
			o.PreparePlate = preparePlate(d)
			return ended(batch.Consistency(cmd.Context(), batch.Streams{In: s.In, Out: s.Out, Err: s.Err, Quiet: quiet},
				batch.Cutters{Decoder: d, Cutter: cutter}, pipeline.New(d, cutter, studio.NewPlacer(backdropCache)), o, args[0]))
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.Fix, "fix", false, "make the worst again, as the others are; of a folder that opal process made")
	f.BoolVar(&o.JSON, "json", false, "the result as a line of JSON")
	addJobs(f, &o.Jobs, "pictures that are worked on at the same time")
	f.BoolVarP(&quiet, "quiet", "q", false, "no progress")
	return cmd
}
