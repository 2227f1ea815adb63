package app

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// manual is where the documents are.
const manual = "https://github.com/opal-photo/opal#readme"

// helpFooter ends the help of every command.
const helpFooter = `
Exit codes: 0 done, 1 failed, 2 wrong usage or setting, 130 interrupted (see opal help exit-codes)
Documents:  ` + manual + `; settings: opal settings; a running OPAL: /docs
`

// exitCodesTopic is the help page of the exit codes.
func exitCodesTopic(Streams) *cobra.Command {
	return &cobra.Command{Use: "exit-codes", Short: "The exit codes of every command", Long: "The exit codes of every command:\n\n" + exitCodesHelp}
}

// helpCommand shows the help of a command or a topic. The help command of cobra exits
// with 0 for one that does not exist.
func helpCommand(Streams) *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND...]", Short: "Show the help of a command or a topic", Args: cobra.ArbitraryArgs,
		Example: "  opal help process\n  opal help exit-codes",
		RunE: func(c *cobra.Command, args []string) error {
			target, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				name := args[len(args)-max(len(rest), 1)]
				for _, topic := range c.Root().Commands() {
					if topic.IsAdditionalHelpTopicCommand() && levenshtein.ComputeDistance(name, topic.Name()) <= 2 {
						return usage(c.Root(), "there is no command or topic %q; did you mean %s?", name, topic.Name())
					}
				}
				return unknownCommand(target, name)
			}
			return target.Help()
		},
	}
}

// strict makes wrong usage an error with exit code 2 throughout a command tree:
// unknown flags, unknown commands at every level, and arguments that are missing
// or too many.
func strict(cmd *cobra.Command) {
	cmd.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		if said := wrongValue(err); said != "" {
			return usage(c, "%s", said)
		}
		return usage(c, "%s%s", err, nearFlag(c, err))
	})
	check := cmd.Args
	if check == nil && !cmd.HasSubCommands() {
		check = cobra.ArbitraryArgs
	}
	if check != nil {
		cmd.Args = func(c *cobra.Command, args []string) error {
			if c.HasSubCommands() && len(args) > 0 {
				return unknownCommand(c, args[0])
			}
			if err := check(c, args); err != nil {
				return usage(c, "%s; it is used so: %s", err, c.UseLine())
			}
			if err := c.ValidateFlagGroups(); err != nil { // the library's own check gives another exit code
				return usage(c, "%s", together(err))
			}
			return nil
		}
	}
	if cmd.HasSubCommands() && !cmd.Runnable() {
		cmd.Args = func(c *cobra.Command, args []string) error {
			switch {
			case len(args) > 0:
				return unknownCommand(c, args[0])
			case c.HasParent():
				return usage(c, "%s wants a command: %s", c.CommandPath(), strings.Join(names(c), ", "))
			}
			return nil
		}
		cmd.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	}
	for _, c := range cmd.Commands() {
		strict(c)
	}
}

// clashing finds the flags that the library names last of those that exclude each other.
var clashing = regexp.MustCompile(`\[([^\]]+)\] were all set$`)

// together says of which flags only one may be given, in place of the library's words.
func together(err error) string {
	m := clashing.FindStringSubmatch(err.Error())
	if m == nil {
		return err.Error()
	}
	return "--" + strings.Join(strings.Fields(m[1]), " and --") + " don't go together; leave one of them out"
}

// usage says that a command line is wrong and where to read more.
func usage(c *cobra.Command, format string, args ...any) error {
	return errUsage.With("%s\nSee: %s --help", fmt.Sprintf(format, args...), c.CommandPath())
}

// unknownCommand names the commands that a misspelt one may mean.
func unknownCommand(c *cobra.Command, name string) error {
	hint := "; there are " + strings.Join(names(c), ", ")
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(name); len(near) > 0 {
		hint = "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return usage(c, "%s has no command %q%s", c.CommandPath(), name, hint)
}

// names lists a command's commands.
func names(c *cobra.Command) (all []string) {
	for _, one := range c.Commands() {
		if one.IsAvailableCommand() {
			all = append(all, one.Name())
		}
	}
	return all
}

// nearFlag names the flag that a misspelt one may mean.
func nearFlag(c *cobra.Command, err error) string {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || len(unknown.GetSpecifiedName()) < 2 {
		return ""
	}
	best, at := "", 3
	c.Flags().VisitAll(func(f *pflag.Flag) {
		d := levenshtein.ComputeDistance(unknown.GetSpecifiedName(), f.Name)
		if strings.HasPrefix(f.Name, unknown.GetSpecifiedName()) {
			d = 1
		}
		if !f.Hidden && d < at {
			best, at = f.Name, d
		}
	})
	if best == "" {
		return ""
	}
	return "; did you mean --" + best + "?"
}

// wrongValue says what a flag takes whose value is of another kind; "" for other errors.
func wrongValue(err error) string {
	var wrong *pflag.InvalidValueError
	var number *strconv.NumError // else the flag has words of its own
	if !errors.As(err, &wrong) {
		return ""
	}
	f := wrong.GetFlag()
	if f.Value.Type() == "stringToString" {
		return fmt.Sprintf("--%s can't be %q, it must be words with = between them: %s", f.Name, wrong.GetValue(), f.Usage)
	}
	if !errors.As(err, &number) && !strings.Contains(err.Error(), "strconv.") {
		return ""
	}
	kind := map[string]string{"uint64": "a whole number from 0 on", "int": "a whole number", "int64": "a whole number", "float64": "a number", "bool": "true or false", "duration": "a time such as 90s or 10m"}[f.Value.Type()]
	if kind == "" {
		return ""
	}
	return fmt.Sprintf("--%s can't be %q, it must be %s: %s", f.Name, wrong.GetValue(), kind, f.Usage)
}

// oneOf completes a flag's value from a closed list.
func oneOf(values ...string) func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
}

// complete has a shell complete a flag's values. The flag exists: a name that
// doesn't is a mistake in the code.
func complete(c *cobra.Command, flag string, values func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)) {
	if err := c.RegisterFlagCompletionFunc(flag, values); err != nil {
		panic(err)
	}
}
