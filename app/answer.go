package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/fault"
)

// jsonHelp is the help page of --json.
const jsonHelp = `--json is taken by every command but the roles, which write their log as lines of JSON, and those that talk to a shell or an agent.

  standard output  one JSON document. Commands that tell of things as they happen write one line of JSON each:
                   process, cutout, jobs watch, webhooks listen
  standard error   progress and advice, as text. A command that ends with an error writes it as its last line:
                   {"error":{"code":"job_not_found","detail":"There is no such job","exit_code":1}}
                   with "status", "type" and "correlation_id" where the API said so. Codes are stable: match on them.
                   Where some of the work failed, the document on standard output says which, and the exit code is 1

Fields and columns are added over time and never renamed, moved or taken away; new columns of tables stand last.
Bars are drawn on a terminal alone, and nothing is coloured, so that NO_COLOR changes nothing.`

// jsonTopic is the help page of --json.
func jsonTopic(Streams) *cobra.Command {
	return &cobra.Command{Use: "json", Short: "What --json writes, and how errors are told", Long: jsonHelp}
}

// reply is how a command answers: in words, or as one JSON document.
type reply struct {
	Streams
	json bool
}

// flag adds --json.
func (r *reply) flag(f *pflag.FlagSet) {
	f.BoolVar(&r.json, "json", false, "answer as JSON (see opal help json)")
}

// with writes v as JSON, or the words.
func (r *reply) with(v any, format string, args ...any) error {
	if r.json {
		return printJSON(r.Streams, v)
	}
	_, err := fmt.Fprintf(r.Out, format, args...)
	return err
}

// alwaysJSON adds a --json that changes nothing, to a command that has no other answer.
func alwaysJSON(f *pflag.FlagSet) { f.Bool("json", true, "answer as JSON, as it does anyhow") }

// wantsJSON reports whether a command line asks for JSON, also one that can't be read.
func wantsJSON(args []string) bool {
	if i := slices.Index(args, "--"); i >= 0 {
		args = args[:i]
	}
	return slices.ContainsFunc(args, func(a string) bool { return a == "--json" || a == "--json=true" })
}

// errorLine is the last line on standard error of a command that failed under --json.
type errorLine struct {
	Code          string `json:"code"`
	Detail        string `json:"detail"`
	Status        int    `json:"status,omitempty"` // of the API's answer
	Type          string `json:"type,omitempty"`
	CorrelationID string `json:"correlation_id,omitempty"`
	ExitCode      int    `json:"exit_code"`
}

// tell says how a command failed: to people, or to a program.
func tell(w io.Writer, err error, asJSON bool) {
	var p *client.Problem
	problem := errors.As(err, &p)
	if !asJSON {
		fmt.Fprintln(w, "opal:", explain(err))
		if problem && p.Status >= 500 && p.CorrelationID != "" {
			fmt.Fprintln(w, "The server's log has more under the correlation id", p.CorrelationID)
		}
		return
	}
	line := errorLine{Code: fault.CodeOf(err), Detail: strings.TrimSpace(explain(err)), ExitCode: exitCode(err)}
	switch {
	case problem:
		line.Code, line.Status, line.Type, line.CorrelationID = p.Code, p.Status, p.Type, p.CorrelationID
	case line.ExitCode == exitInterrupted:
		line.Code = "interrupted"
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(map[string]errorLine{"error": line}) // the exit code tells it, too
}
