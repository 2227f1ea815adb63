package app

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/config"
)

// settingsCommand lists every setting from the fields' own descriptions.
func settingsCommand(s Streams) *cobra.Command {
	var sample, asJSON bool
	cmd := &cobra.Command{
		Use:   "settings [NAME...]",
		Short: "List every setting: what it does, its default, and what it may be",
		Long: "Lists every setting, or those whose names begin with NAME, such as DATABASE or WORKER_LEASE.\n" +
			"A setting is an environment variable, or a line of the YAML file that --config names; the environment goes first.",
		Example: "  opal settings STORAGE SERVICEBUS\n  opal settings --sample > opal.yaml",
		RunE: func(_ *cobra.Command, args []string) error {
			all, err := settingsNamed(args)
			if err != nil {
				return err
			}
			switch {
			case sample && len(args) > 0:
				return config.ErrConfig.With("--sample prints a file of all settings; leave the names out")
			case sample:
				return config.WriteSample(s.Out)
			case asJSON:
				return printJSON(s, all)
			}
			return printSettings(s, all)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, one := range config.Settings() {
				names = append(names, one.Name+"\t"+one.Doc)
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
	cmd.Flags().BoolVar(&sample, "sample", false, "print a YAML file of all settings, each commented out, to begin with")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.MarkFlagsMutuallyExclusive("sample", "json")
	return cmd
}

// settingsNamed returns the settings that begin with one of the names; all
// without a name.
func settingsNamed(names []string) ([]config.Setting, error) {
	all := config.Settings()
	if len(names) == 0 {
		return all, nil
	}
	var found []config.Setting
	for _, n := range names {
		upper := strings.ToUpper(n)
		match := func(one config.Setting) bool {
			return one.Name == upper || strings.HasPrefix(one.Name, strings.TrimSuffix(upper, "_")+"_")
		}
		if !slices.ContainsFunc(all, match) {
			hint := "`opal settings` lists them all"
			if near := config.Closest(upper); near != "" {
				hint = "did you mean " + near + "?"
			}
			return nil, config.ErrConfig.With("%s is not a setting; %s", n, hint)
		}
		for _, one := range all {
			if match(one) && !slices.ContainsFunc(found, func(f config.Setting) bool { return f.Name == one.Name }) {
				found = append(found, one)
			}
		}
	}
	return found, nil
}

// printSettings prints a table for each group.
func printSettings(s Streams, all []config.Setting) error {
	tw := tabwriter.NewWriter(s.Out, 0, 4, 2, ' ', 0)
	group := ""
	for i, one := range all {
		if one.Group != group || i == 0 {
			if group = one.Group; group != "" {
				fmt.Fprintf(tw, "\n%s\n", group)
			}
			fmt.Fprintln(tw, "NAME\tDEFAULT\tMEANING")
		}
		value := one.Default
		if value == "" {
			value = "-"
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\n", one.Name, value, meaning(one))
	}
	return tw.Flush()
}

// meaning is a setting's doc with what its values may be.
func meaning(one config.Setting) string {
	text := one.Doc
	switch {
	case one.Rule != "":
		text += " (" + one.Rule + ")"
	case one.Default == "" && one.Example != "":
		text += " (such as " + one.Example + ")"
	}
	return text
}
