package app

import (
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/modules/batch"
	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/studio"
)

// fetchTimeout bounds the fetch of one picture from a URL.
const fetchTimeout = 60 * time.Second

// checkCommand holds pictures from anywhere against channels' rules.
func checkCommand(s Streams) *cobra.Command {
	o := batch.CheckOptions{Version: version()}
	var asOf, failOn string
	var quiet, asJSON bool
	cmd := &cobra.Command{
		Use:   "check PATH...",
		Short: "Hold pictures against the rules of shops and channels",
		Long: "Checks any pictures, also those that OPAL didn't make: files, folders, ZIPs, and CSVs with a column file or url and,\n" +
			"where there are some, sku, slot, category and mask. Each is held against the rules of the channels, with what was\n" +
			"measured, what is wanted and what to do. The product is found by a mask, by the picture's own transparency, or by\n" +
			"cutting it out; where it isn't found for certain, rules that depend on it are reported as unsure and reject nothing.\n" +
			"URLs must lead to public addresses, or into EGRESS_ALLOWED_NETWORKS, such as 127.0.0.0/8.\n" +
			"Exit code 1 means that a picture was rejected or couldn't be read.",
		Example: "  opal check photos/ --channel amazon --channel bol\n" +
			"  opal check listing.csv --channel amazon --format html --output report.html\n" +
			"  opal check photos.zip --channel google --as-of 2027-01-31   # what breaks on that day\n" +
			"  opal check photos/ --channel amazon --fix fixed/            # make finished files of what failed",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			err := loadChannels(os.Getenv(channelsDir))
			if err != nil {
				return err
			}
			if o.FailOnWarn, err = failsOnWarn(failOn); err != nil {
				return err
			}
			if asJSON {
				o.Format = "json"
			}
			if asOf != "" {
				if o.AsOf, err = time.Parse(time.DateOnly, asOf); err != nil || o.AsOf.IsZero() {
					return errFlag.With("--as-of %q; a day has the form 2027-01-31", asOf)
				}
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
			cfg, err := localConfig(os.Environ())
			if err != nil {
				return err
			}
			d := imaging.NewDecoder(imaging.DecoderOptions{})
			defer d.Close()
			d.Warm()
			c := batch.Checkers{Decoder: d, Cutter: cutter, Fetch: egress.Guarded(egress.NewGuard(false, cfg.Egress.AllowedNetworks), fetchTimeout)}
			if o.Fix != "" {
				c.Fixer = pipeline.New(d, cutter, studio.NewPlacer(backdropCache))
			}
			return ended(batch.Check(cmd.Context(), batch.Streams{In: s.In, Out: s.Out, Err: s.Err, Quiet: quiet}, c, o, args))
		},
	}
	f := cmd.Flags()
	f.StringSliceVarP(&o.Channels, "channel", "c", nil, "channels whose rules count (default: all): "+strings.Join(channelNames(), ", "))
	f.StringSliceVar(&o.Presets, "preset", nil, "presets of channels instead, such as amazon_shoes (see opal process --help)")
	f.StringVar(&o.Slot, "slot", "", "the pictures' place in a listing, such as MAIN or PT01, where neither a CSV nor their names say it (default: the first)")
	f.StringVar(&o.Category, "category", "", "category of the products, where a channel has rules for one: clothing, shoes")
	f.StringVar(&o.Masks, "masks", "", "folder with the products' masks: for mug.jpg mug.png, white or opaque where the product is")
	f.StringVar(&asOf, "as-of", "", "the day whose rules count, such as 2027-01-31 (default: today); says what does worse then")
	f.StringVar(&o.Format, "format", batch.ReportFormats()[0], "form of the report: "+strings.Join(batch.ReportFormats(), ", "))
	f.BoolVar(&asJSON, "json", false, "the same as --format json")
	f.StringVarP(&o.Output, "output", "o", "", "file for the report (default: standard output)")
	f.StringVar(&o.Fix, "fix", "", "folder for finished files of the pictures that failed, made by the pipeline and checked again")
	f.BoolVar(&o.Force, "force", false, "overwrite files in the folder of --fix that OPAL didn't make")
	f.BoolVar(&o.Advice, "advice", false, "show advice in the table, too")
	f.StringVar(&failOn, "fail-on", "reject", "what makes the exit code 1 beside pictures that can't be read: reject or warn")
	addJobs(f, &o.Jobs, "pictures that are checked at the same time")
	f.BoolVarP(&quiet, "quiet", "q", false, "no progress and no summary on standard error")
	cmd.MarkFlagsMutuallyExclusive("json", "format")
	complete(cmd, "channel", listOf(channelNames()))
	complete(cmd, "preset", listOf(presetNames()))
	complete(cmd, "format", oneOf(batch.ReportFormats()...))
	complete(cmd, "fail-on", oneOf("reject", "warn"))
	return cmd
}

func channelNames() (names []string) {
	for _, c := range channel.Channels() {
		names = append(names, channel.Folder(c))
	}
	return names
}

// failsOnWarn reads --fail-on.
func failsOnWarn(value string) (bool, error) {
	switch value {
	case "reject":
		return false, nil
	case "warn":
		return true, nil
	}
	return false, errFlag.With("--fail-on %q; it may be reject or warn", value)
}
