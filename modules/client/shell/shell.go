// Package shell is the API's client on a command line: opal login, jobs, brands,
// collections, imports and webhooks.
//
// Answers go to standard output, as a table or with --json as JSON; progress and
// advice go to standard error.
package shell

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/fault"
)

// Streams are the standard streams of a command.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// ErrReported ends a command that failed and has already said why.
var ErrReported = errors.New("reported")

// errUsage says that the command line is wrong.
var errUsage = fault.New(fault.Invalid, "usage_invalid", "Wrong usage")

// Commands returns the client's commands. agent names the program to the API; serve does
// what opal mcp is for.
func Commands(s Streams, agent string, serve Serve) []*cobra.Command {
	return []*cobra.Command{loginCommand(s, agent), jobsCommand(s, agent), brandsCommand(s, agent), collectionsCommand(s, agent), importsCommand(s, agent), webhooksCommand(s, agent), mcpCommand(s, agent, serve)}
}

// session is what each command of the client has: its flags, and the API that they
// lead to.
type session struct {
	Streams
	agent   string
	address string
	profile string
	tenant  string
	json    bool
}

// flags adds the flags that all commands of the client share.
func (s *session) flags(c *cobra.Command) *cobra.Command {
	f := c.PersistentFlags()
	f.StringVar(&s.address, "api", "", "address of the API (default: OPAL_API, the profile's, else "+defaultAddress+")")
	f.StringVar(&s.profile, "profile", "", "the profile of opal login (default: OPAL_PROFILE, else "+defaultProfile+")")
	f.StringVar(&s.tenant, "tenant", "", "the tenant, where the key names none (default: OPAL_TENANT, else the profile's)")
	f.BoolVar(&s.json, "json", false, "answer as JSON (see opal help json)")
	return c
}

// client returns the API's client by flags, environment and profile, in this order.
func (s *session) client() (*client.Client, error) {
	p, err := s.chosen()
	if err != nil {
		return nil, err
	}
	return client.New(p.API, client.Options{Key: p.Key, Tenant: p.Tenant, Agent: s.agent})
}

// do makes a command's function of one that gets the client.
func (s *session) do(f func(ctx context.Context, c *client.Client, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		c, err := s.client()
		if err != nil {
			return err
		}
		return f(cmd.Context(), c, args)
	}
}

// answer writes v as JSON, or calls table for people; nil: they read nothing on standard
// output.
func (s *session) answer(v any, table func(w io.Writer)) error {
	if s.json {
		e := json.NewEncoder(s.Out)
		e.SetIndent("", "  ")
		return e.Encode(v)
	}
	if table == nil {
		return nil
	}
	w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	table(w)
	return w.Flush()
}

// say writes a line of advice or progress.
func (s *session) say(format string, args ...any) { fmt.Fprintf(s.Err, format+"\n", args...) }

// terminal reports whether a stream is a terminal.
func terminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// short writes a time as people read it.
func short(t time.Time) string { return t.Local().Format("2006-01-02 15:04") }

// moment writes a time that may be missing.
func moment(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return short(*t)
}

// text returns what a pointer points to, "-" for nothing.
func text(p *string) string {
	if p == nil || *p == "" {
		return "-"
	}
	return *p
}

// clean makes a server's text safe for a terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, s)
}
