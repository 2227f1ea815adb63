package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/opal-photo/opal/modules/batch"
	"github.com/opal-photo/opal/modules/brand"
	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/studio"
	"github.com/opal-photo/opal/modules/scene"
)

// processCommand is the whole pipeline over files, with no server.
func processCommand(s Streams) *cobra.Command {
	o := batch.Options{Version: version(), Look: picture.Look{ID: picture.DefaultBrand}}
	var failOn, products string
	var plates []string
	var steering func() (picture.Steering, error)
	var noScene, noCutout, noUpscale, quiet bool
	cmd := &cobra.Command{
		Use:   "process PATH...",
		Short: "Run the whole pipeline over files and folders, with no server",
		Long: "Cuts each product out, places it into a scene, and makes every channel's variant.\n" +
			"Outputs, variants and report.json go to --out, a folder for each photo. Bad files are reported and passed over,\n" +
			"Pictures whose cut-out a person should look at (REVIEW_BELOW) lie in the folder review of --out.\n" +
			"OPAL's own results are no photos, and no file is overwritten that OPAL didn't make.\n" +
			"A run that was interrupted goes on with --resume.",
		Example: "  opal process photos/ --out finished/\n" +
			"  opal process mug.jpg --scene kitchen,luxury --preset amazon_main,shopify --palette '#a3b18a'\n" +
			"  opal process photos/ --out finished/ --resume        # after Ctrl-C, or with new photos",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := loadChannels(os.Getenv(channelsDir)); err != nil {
				return err
			}
			if !cmd.Flags().Changed("preset") {
				o.Presets = channel.Defaults()
			}
			if products != "" {
				var err error
				var notes []string
				if o.Products, o.Wishes, notes, err = batch.ReadProducts(products); err != nil {
					return err
				}
				for _, note := range notes {
					if !quiet {
						fmt.Fprintf(s.Err, "%s: %s\n", products, note)
					}
				}
			}
			if err := checkLook(&o); err != nil {
				return err
			}
			var err error
			if o.Steering, err = steering(); err != nil {
				return err
			}
			if err := wishesOf(cmd.Flags(), &o, plates, noScene).Check(wishFlag); err != nil {
				return err
			}
			if o.FailOnWarn, err = failsOnWarn(failOn); err != nil {
				return err
			}
			if o.Review, err = localReview(os.Environ()); err != nil {
				return err
			}
			o.Steps = pipeline.Options{RemoveBackground: !noCutout, GenerateScene: !noScene, Upscale: !noUpscale}
			var cutter pipeline.Cutter
			if !noCutout {
				c, end, note, err := localCutter(os.Environ())
				if err != nil {
					return err
				}
				defer func() { _ = end() }()
				if err := awaitModel(cmd.Context(), c); err != nil {
					return err
				}
				s.say(note, quiet)
				cutter = c
			}
			d := imaging.NewDecoder(imaging.DecoderOptions{})
			defer d.Close()
			d.Warm()
			if plates = platesNamed(plates); len(plates) > 0 {
				var scenes []string
				if o.Plates, scenes, err = batch.ReadPlates(cmd.Context(), plates, preparePlate(d)); err != nil {
					return err
				}
				if !cmd.Flags().Changed("scene") {
					o.Scenes = nil
				}
				o.Scenes, o.PlateFiles = append(o.Scenes, scenes...), plates
				for _, scene := range scenes {
					p := o.Plates[scene]
					s.say(fmt.Sprintf("%s: horizon %.2f, floor %.2f, light from %.0f°, softness %.2f, reflection %.2f, %s", scene, p.Horizon, p.Floor, p.LightAngle, p.Softness, p.Reflection, acrossOf(p.FrameMM)), quiet)
					for _, note := range p.Notes() {
						s.say(scene+": "+note, quiet)
					}
				}
			}
			o.UnknownWords = scene.UnknownWords(o.Prompt)
			s.say(wordsNote(&o), quiet)
			p := pipeline.New(d, cutter, studio.NewPlacer(backdropCache)).WithRoom(imaging.NewRoom(o.Jobs))
			return ended(batch.Process(cmd.Context(), batch.Streams{In: s.In, Out: s.Out, Err: s.Err, Quiet: quiet}, p, o, args))
		},
	}
	f := cmd.Flags()
	f.StringVarP(&o.Dir, "out", "o", "finished", "folder for the results")
	f.StringSliceVar(&o.Scenes, "scene", []string{"studio"}, "scenes to make of each photo: "+picture.SceneForms())
	f.StringArrayVar(&plates, "plate", nil, "photographs of your own sets as scenes; a file beside one with .json behind its whole name, such as table.jpg.json, corrects what is guessed of it: horizon, floor, light_angle, softness, reflection, frame_mm")
	steering = steeringFlags(f)
	f.StringSliceVar(&o.Presets, "preset", nil, "variants to make: "+strings.Join(presetNames(), ", ")+" (default "+strings.Join(channel.Defaults(), ",")+")")
	f.StringVar(&o.Prompt, "prompt", "", "words that steer the scene: colours (sage, navy, brass), materials (marble, oak, linen, concrete), light (soft, hard, golden hour, window), mood (dark, airy), side (from the left); words that no scene knows are told")
	f.StringSliceVar(&o.Look.Palette, "palette", nil, "brand colours, such as #a3b18a, the most important first")
	f.StringVar(&o.Look.Light, "light", "", "side of the light: left or right (default: the scene's own)")
	f.Float64Var(&o.Look.ProductFill, "fill", 0, fmt.Sprintf("share of the frame that the product takes, %.1f to %.1f (default: the scene's own)", brand.MinFill, brand.MaxFill))
	f.BoolVar(&o.ChannelNames, "channel-names", false, "lay the finished files out under the names that their channels demand, too: OUT/channels, with manifest.csv and manifest.json")
	f.StringVar(&products, "products", "", "CSV file of what the photos show: file, and any of sku, gtin, asin, slot, title, set_id (photos of one SKU with the same one keep one scale and one crop), and of wishes for each photo as the flags have them, such as height_mm, scale, rotation, seed; names of files say some of it themselves")
	f.BoolVar(&o.OneSet, "one-set", false, "the photos are angles of one product: their pictures keep one scale and one crop. The product is as large in each as its photo shows it, by the share of the photo's longer side: take them from one distance")
	f.BoolVar(&noScene, "no-scene", false, "stop at the cut-out")
	f.BoolVar(&noCutout, "no-cutout", false, "take the whole frame as the product")
	f.BoolVar(&noUpscale, "no-upscale", false, "leave the scene at its own size")
	f.BoolVar(&o.Resume, "resume", false, "keep what a run before finished of the same photos with the same options")
	f.BoolVar(&o.Force, "force", false, "overwrite files that OPAL didn't make")
	f.BoolVar(&o.Own, "own", false, "take OPAL's own results for photos, too")
	f.BoolVarP(&o.DryRun, "dry-run", "n", false, "say what would be made, and make nothing")
	f.StringVar(&failOn, "fail-on", "reject", "what makes the exit code 1 beside failures: reject or warn")
	addJobs(f, &o.Jobs, "photos that are worked on at the same time")
	f.BoolVar(&o.JSON, "json", false, "a line of JSON on standard output for each picture that ends")
	f.BoolVarP(&quiet, "quiet", "q", false, "no progress and no summary")
	complete(cmd, "scene", listOf(picture.SceneTypes()))
	complete(cmd, "preset", listOf(presetNames()))
	complete(cmd, "fail-on", oneOf("reject", "warn"))
	complete(cmd, "light", oneOf(brand.LightLeft, brand.LightRight, brand.LightAuto))
	return cmd
}

// wishesOf are the wishes that the flags state; scenes that no flag names are none.
func wishesOf(f *pflag.FlagSet, o *batch.Options, plates []string, noScene bool) picture.Wishes {
	w := picture.Wishes{Steering: o.Steering, Light: o.Look.Light, Fill: o.Look.ProductFill, NoScene: noScene}
	if f.Changed("scene") {
		for _, s := range o.Scenes {
			clean, _ := picture.CleanScene(s) // what is no scene is told of later
			w.Scenes = append(w.Scenes, clean)
		}
	}
	for _, file := range plates {
		w.Scenes = append(w.Scenes, picture.PlateScene(file))
	}
	return w
}

// platesNamed are the photographs that --plate names: a file's name, or several with commas
// between them.
func platesNamed(named []string) (files []string) {
	for _, name := range named {
		if _, err := os.Stat(name); err == nil {
			files = append(files, name)
			continue
		}
		files = append(files, strings.Split(name, ",")...)
	}
	return files
}

// wordsNote says which words of the prompt steer nothing, "" where all do.
func wordsNote(o *batch.Options) string {
	switch {
	case o.Prompt != "" && !slices.ContainsFunc(o.Scenes, picture.FollowsWords):
		return "the prompt steers nothing here: plates, plain colours, gradients and crop_original follow no words"
	case len(o.UnknownWords) > 0:
		return "no scene knows these words of the prompt: " + strings.Join(o.UnknownWords, ", ")
	}
	return ""
}

// acrossOf says how much of its floor a plate shows.
func acrossOf(mm float64) string {
	if mm == 0 {
		return "scale not known"
	}
	return fmt.Sprintf("%.0f mm across at the photo's lower edge", mm)
}

// preparePlate makes plates of photographs that a decoder decodes.
func preparePlate(d *imaging.Decoder) batch.PreparePlate {
	return func(ctx context.Context, photo []byte) (pipeline.Plate, error) {
		p, err := studio.PreparePlate(ctx, d, photo)
		return p.Plate, err
	}
}

// ended turns the error of work on files into the command's error. The work has
// already reported what failed.
func ended(err error) error {
	switch {
	case errors.Is(err, batch.ErrFailed):
		return errReported
	case errors.Is(err, batch.ErrInterrupted):
		return context.Canceled
	}
	return err
}

// listOf completes the last of several values that commas separate.
func listOf(values []string) func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		before := typed[:strings.LastIndexByte(typed, ',')+1]
		var out []string
		for _, v := range values {
			out = append(out, before+v)
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

func presetNames() (names []string) {
	for _, p := range channel.Presets() {
		names = append(names, p.Name)
	}
	return names
}

var (
	colourPattern = regexp.MustCompile(`^#[0-9a-f]{6}$`)
	errFlag       = fault.New(fault.Invalid, "flag_invalid", "A flag's value is not possible")
)

// checkLook refuses what a brand profile refuses, in the flags' words.
func checkLook(o *batch.Options) error {
	b := &o.Look
	switch b.Light {
	case brand.LightAuto:
		b.Light = ""
	case "", brand.LightLeft, brand.LightRight:
	default:
		return errFlag.With("--light %q; it may be left, right or auto", b.Light)
	}
	if b.ProductFill != 0 && !(b.ProductFill >= brand.MinFill && b.ProductFill <= brand.MaxFill) { // so that NaN is refused, too
		return errFlag.With("--fill %g; it may be %.1f to %.1f", b.ProductFill, brand.MinFill, brand.MaxFill)
	}
	if len(b.Palette) > brand.MaxPalette {
		return errFlag.With("--palette has %d colours; it may have %d", len(b.Palette), brand.MaxPalette)
	}
	for i, c := range b.Palette {
		if b.Palette[i] = strings.ToLower(strings.TrimSpace(c)); !colourPattern.MatchString(b.Palette[i]) {
			return errFlag.With("--palette %q; colours have the form #rrggbb, such as #a3b18a", c)
		}
	}
	if n := utf8.RuneCountInString(o.Prompt); n > brand.MaxPrompt {
		return errFlag.With("--prompt has %d characters; it may have %d", n, brand.MaxPrompt)
	}
	return nil
}
