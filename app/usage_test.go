package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/fault"
)

// everyCommand lists the commands that people use, with their paths.
func everyCommand(c *cobra.Command) (all []*cobra.Command) {
	for _, one := range c.Commands() {
		if one.Hidden || one.Name() == "completion" {
			continue
		}
		all = append(all, one)
		all = append(all, everyCommand(one)...)
	}
	return all
}

// run runs a command line as a shell would.
func run(args ...string) (code int, out, err string) {
	var o, e bytes.Buffer
	code = Main(append([]string{"opal"}, args...), strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

func TestHelpShowsTwoExamplesAndTheExitCodes(t *testing.T) {
	for _, c := range everyCommand(command(Streams{})) {
		if c.IsAdditionalHelpTopicCommand() {
			continue
		}
		t.Run(c.CommandPath(), func(t *testing.T) {
			shown := 0
			for line := range strings.Lines(c.Example) {
				if strings.Contains(line, c.CommandPath()) || strings.Contains(line, " opal ") {
					shown++
				}
				if !strings.HasPrefix(line, "  ") || len(line) > 120 {
					t.Errorf("the example %q is not two spaces and at most 120 columns", line)
				}
			}
			if shown < 2 {
				t.Errorf("it shows %d examples of itself, not two", shown)
			}
			code, out, _ := run(append(strings.Fields(c.CommandPath())[1:], "--help")...)
			if code != exitOK || !strings.Contains(out, "Examples:") || !strings.Contains(out, "Exit codes:") || !strings.Contains(out, manual) {
				t.Errorf("--help ends with %d:\n%s", code, out)
			}
		})
	}
}

// TestExamplesAreValid holds the examples against the commands and flags that
// exist.
func TestExamplesAreValid(t *testing.T) {
	for _, c := range everyCommand(command(Streams{})) {
		for line := range strings.Lines(c.Example) {
			line = strings.TrimSpace(line)
			if !strings.HasPrefix(line, "opal ") {
				continue
			}
			t.Run(line, func(t *testing.T) {
				line, _, _ := strings.Cut(line, " >")
				line, _, _ = strings.Cut(line, " |")
				words, err := shellWords(line)
				if err != nil {
					t.Fatal(err)
				}
				if err := takes(words[1:]); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

// takes reports how the command line refuses these words, which it does not run.
func takes(words []string) error {
	target, rest, err := command(Streams{}).Find(words)
	if err != nil {
		return err
	}
	if err := target.ParseFlags(rest); err != nil {
		return err
	}
	if target.Args != nil {
		return target.Args(target, target.Flags().Args())
	}
	return nil
}

// operated are OPAL's commands in the pages of operators: a line of a block, behind settings
// or &&, or quoted in a sentence. The shell's function operate runs them on Azure.
var operated = regexp.MustCompile("(?m)(?:^ {4,}(?:[A-Z_]+=\\S+ )*|&& (?:[A-Z_]+=\\S+ )*|`)(?:bin/opal|opal|operate) ([a-z][^`#\\n]*?)(?: *#.*| && .*|`|$)")

// TestTheRunbooksCommandsAreValid holds the commands that operators are told to those that exist.
func TestTheRunbooksCommandsAreValid(t *testing.T) {
	said := "    operate queues redriv jobs  # all\n    A=b bin/opal billing limits smoke --monthly 50\nSay `opal keys` then `operate queues peek jobs` and x && operate tenants retention\n"
	for i, m := range operated.FindAllStringSubmatch(said, -1) {
		if err := takes(strings.Fields(m[1])); (err == nil) != (i == 3) {
			t.Errorf("planted: %s: %v", m[1], err)
		}
	}
	all := 0
	for _, page := range []string{"../deploy/README.md", "../deploy/engines.md", "../deploy/upgrade.md", "../ml/README.md", "../ml/contract/README.md"} {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range operated.FindAllStringSubmatch(string(b), -1) {
			all++
			words, err := shellWords(m[1])
			if err != nil {
				t.Fatal(err)
			}
			if err := takes(words); err != nil {
				t.Errorf("%s: %s: %v", page, m[1], err)
			}
		}
	}
	if all < 25 {
		t.Errorf("only %d commands were found", all)
	}
}

// shellWords splits an example as a shell does: blanks, and single quotes around
// them.
func shellWords(line string) (words []string, err error) {
	for i, part := range strings.Split(line, "'") {
		if i%2 == 0 {
			words = append(words, strings.Fields(part)...)
		} else {
			words = append(words, part)
		}
	}
	return words, nil
}

func TestWrongUsageEndsWithTwo(t *testing.T) {
	for _, c := range []struct {
		line string
		want string // part of what is said
	}{
		{"procss", `opal has no command "procss"; did you mean process?`},
		{"keys revok acme KEY", `opal keys has no command "revok"; did you mean revoke?`},
		{"keys", "opal keys wants a command: create, list, revoke"},
		{"tenants disabel acme", "did you mean disable?"},
		{"tenants delete acme", "there are create, disable, enable, list, retention"},
		{"queues redriv jobs", "did you mean redrive?"},
		{"billing audti", "did you mean audit?"},
		{"completion bsh", `opal completion has no command "bsh"`},
		{"help nope", `opal has no command "nope"`},
		{"help exit-code", `there is no command or topic "exit-code"; did you mean exit-codes?`},
		{"help keys nope", `opal keys has no command "nope"`},
		{"migrate now", "it is used so: opal migrate"},
		{"process", "it is used so: opal process PATH..."},
		{"process x --scen kitchen", "unknown flag: --scen; did you mean --scene?"},
		{"keys create acme --valid soon", "a time is a number of days or hours, such as 90d or 12h"},
		{"--nope", "unknown flag: --nope"},
		{"dev --listen", "flag needs an argument"},
	} {
		t.Run(c.line, func(t *testing.T) {
			code, out, err := run(strings.Fields(c.line)...)
			if code != exitUsage || out != "" || !strings.Contains(err, c.want) || !strings.Contains(err, "See: opal") {
				t.Errorf("exit code %d, stdout %q, stderr:\n%s", code, out, err)
			}
		})
	}
}

func TestHelpTopics(t *testing.T) {
	for line, want := range map[string]string{
		"help":             "Available Commands:",
		"help exit-codes":  "130  interrupted",
		"help keys create": "opal keys create TENANT",
		"":                 "Available Commands:",
	} {
		t.Run("opal "+line, func(t *testing.T) {
			if code, out, err := run(strings.Fields(line)...); code != exitOK || !strings.Contains(out, want) || err != "" {
				t.Errorf("exit code %d, stderr %q:\n%s", code, err, out)
			}
		})
	}
}

func TestShellsCompleteValues(t *testing.T) {
	for line, want := range map[string]string{
		"keys create acme --scope |":       "admin",
		"score --engine |":                 "stub",
		"dev --engine |":                   "studio",
		"settings WORKER|":                 "WORKER_LEASE",
		"queues peek |":                    "exports",
		"queues purge |":                   "jobs",
		"tenants retention acme |":         "forever",
		"billing limits --budget-cap |":    "none",
		"completion |":                     "bash",
		"billing limits --monthly-grant |": "default",
	} {
		t.Run(line, func(t *testing.T) {
			words := strings.Split(line, " ")
			last := len(words) - 1
			words[last] = strings.TrimSuffix(words[last], "|")
			_, out, _ := run(append([]string{"__complete"}, words...)...)
			if !slices.ContainsFunc(strings.Split(out, "\n"), func(l string) bool { name, _, _ := strings.Cut(l, "\t"); return name == want }) {
				t.Errorf("%q is not offered:\n%s", want, out)
			}
		})
	}
}

func TestVersionNamesWhatItIsBuiltOf(t *testing.T) {
	release, commit = "v1.2.3", "0123456789abcdef0123456789abcdef01234567-dirty"
	defer func() { release, commit = "", "" }()
	if got, want := version(), "v1.2.3 (0123456789ab-dirty)"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	_, out, _ := run("version")
	for _, want := range []string{"opal v1.2.3\n", "commit   " + commit, "go       1.", "libvips  8."} {
		t.Run(want, func(t *testing.T) {
			if !strings.Contains(out, want) {
				t.Errorf("%q is missing in:\n%s", want, out)
			}
		})
	}
	if _, out, _ = run("version", "--json"); !strings.Contains(out, `"commit": "`+commit+`"`) {
		t.Error(out)
	}
}

// TestBuildsStampTheBinary holds the builds to the variables' names, which the
// linker does not check.
func TestBuildsStampTheBinary(t *testing.T) {
	for _, file := range []string{"../Makefile", "../deploy/Dockerfile"} {
		t.Run(file, func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"release", "commit"} {
				if !strings.Contains(string(b), "-X github.com/opal-photo/opal/app."+name+"=$") {
					t.Errorf("%s does not set app.%s", file, name)
				}
			}
		})
	}
}

func TestOneFolderOfStateHasOneOwner(t *testing.T) {
	dir := t.TempDir()
	unlock, err := lockState(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockState(dir); !errors.Is(err, errInUse) {
		t.Errorf("a second owner gets %v", err)
	}
	unlock()
	again, err := lockState(dir)
	if err != nil {
		t.Fatalf("after the first has gone: %v", err)
	}
	again()
}

func TestOnlyYesIsYes(t *testing.T) {
	for answer, want := range map[string]bool{"y\n": true, "YES\n": true, "y": true, "n\n": false, "\n": false, "": false, "yeah\n": false} {
		t.Run(answer, func(t *testing.T) {
			var out bytes.Buffer
			if err := ask(strings.NewReader(answer), &out, "Delete all?"); (err == nil) != want {
				t.Errorf("%v\n%s", err, out.String())
			}
		})
	}
}

func TestExitCodes(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want int
	}{
		"nothing":              {nil, exitOK},
		"some work failed":     {errReported, exitFailed},
		"an unknown error":     {errors.New("x"), exitFailed},
		"a thing is not there": {fault.New(fault.NotFound, "x", "x"), exitFailed},
		"a wrong setting":      {config.ErrConfig.With("x"), exitUsage},
		"wrong usage":          {fmt.Errorf("a command: %w", errUsage), exitUsage},
		"interrupted":          {fmt.Errorf("a step: %w", context.Canceled), exitInterrupted},
	} {
		t.Run(name, func(t *testing.T) {
			if got := exitCode(c.err); got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
		})
	}
}
