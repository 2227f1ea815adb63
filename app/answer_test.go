package app

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/modules/client/shell"
)

var updateColumns = flag.Bool("update", false, "write the golden files anew")

// withoutJSON are the commands that take no --json, and why.
var withoutJSON = map[string]string{
	"opal serve-api": "a role: its log is lines of JSON", "opal orchestrate": "a role", "opal export": "a role", "opal billing": "a role", "opal score": "a role",
	"opal dev": "all roles", "opal mcp": "speaks the Model Context Protocol", "opal help": "writes help",
}

// elsewhere are commands that work on pictures, or fetch over the internet: their scripts in
// testdata/script and the tests of batch and check/consistency read what they answer.
var elsewhere = []string{"opal process", "opal cutout", "opal check", "opal verify", "opal consistency", "opal demo", "opal models get", "opal models add"}

// operations are command lines of the operators' commands, in an order in which they work.
// Those with a ! fail.
var operations = []string{
	"migrate", "version", "settings LOG_LEVEL", "tenants create acme", "tenants list", "tenants retention acme 30", "tenants disable acme", "tenants enable acme",
	"keys create acme", "keys list acme", "!keys revoke acme nope", "queues list", "queues peek jobs", "queues redrive jobs", "queues purge jobs --yes",
	"models list", "!models remove nope", "billing limits acme", "billing customer acme", "billing audit", "!billing refund nope", "!doctor",
}

// lineByLine are commands that write a line of JSON for each thing that happens.
var lineByLine = []string{"opal jobs watch", "opal webhooks listen"}

func leaves(root *cobra.Command) (all []*cobra.Command) {
	for _, c := range everyCommand(root) {
		if c.Runnable() && !c.IsAdditionalHelpTopicCommand() && (!c.HasSubCommands() || c.Name() == "billing") {
			all = append(all, c)
		}
	}
	return all
}

func TestEveryCommandTakesJSON(t *testing.T) {
	var operated []string
	for _, line := range operations {
		root := command(Streams{})
		c, _, err := root.Find(strings.Fields(strings.TrimPrefix(line, "!")))
		if err != nil {
			t.Fatal(err)
		}
		operated = append(operated, c.CommandPath())
	}
	var ofTheClient []string
	for _, c := range shell.Commands(shell.Streams{}, "", nil) {
		ofTheClient = append(ofTheClient, c.Name())
	}
	for _, c := range leaves(command(Streams{})) {
		t.Run(c.CommandPath(), func(t *testing.T) {
			f := c.Flag("json")
			switch _, without := withoutJSON[c.CommandPath()]; {
			case without && f != nil && c.Name() != "mcp":
				t.Error("it is among those without --json, and takes it")
			case !without && (f == nil || f.Value.Type() != "bool"):
				t.Error("it takes no --json; see reply in answer.go, or session.answer in modules/client/shell")
			}
			first := strings.Fields(c.CommandPath())[1]
			if _, without := withoutJSON[c.CommandPath()]; !without && !slices.Contains(ofTheClient, first) && !slices.Contains(elsewhere, c.CommandPath()) && !slices.Contains(operated, c.CommandPath()) {
				t.Error("no test reads what it answers: give it a line in operations")
			}
		})
	}
}

// answers fails unless text is one JSON document, or a line of JSON each.
func answers(t *testing.T, text string, lines bool) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	n := 0
	for {
		var v any
		err := d.Decode(&v)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in:\n%s", err, text)
		}
		n++
	}
	if n == 0 || n > 1 && !lines || lines && n != strings.Count(text, "\n") {
		t.Errorf("%d documents:\n%s", n, text)
	}
}

// failure reads the last line on standard error.
func failure(t *testing.T, text string) errorLine {
	t.Helper()
	all := strings.Split(strings.TrimSpace(text), "\n")
	var got struct {
		Error errorLine `json:"error"`
	}
	if err := json.Unmarshal([]byte(all[len(all)-1]), &got); err != nil || got.Error.Code == "" || got.Error.Detail == "" {
		t.Errorf("the last line is no error: %v\n%s", err, text)
	}
	return got.Error
}

func TestOperatorsGetJSON(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for k, v := range map[string]string{"ENV_NAME": "dev", "AUTH_KEY_PEPPER": "a-pepper-of-many-bytes", "DATABASE_URL": "sqlite:///" + filepath.Join(dir, "opal.db"),
		"LOG_LEVEL": "error", "MODELS_DIR": filepath.Join(dir, "models"), "BILLING_MODE": "enforce", "MOLLIE_API_KEY": "test_x"} {
		t.Setenv(k, v)
	}
	if err := os.Mkdir(filepath.Join(dir, "models"), 0o700); err != nil {
		t.Fatal(err)
	}
	var columns strings.Builder
	for _, line := range operations {
		t.Run(line, func(t *testing.T) {
			line, fails := strings.CutPrefix(line, "!")
			code, out, err := run(append(strings.Fields(line), "--json")...)
			if fails != (code != exitOK) {
				t.Errorf("exit code %d\n%s", code, err)
			}
			if out != "" || !fails {
				answers(t, out, false)
			} else if e := failure(t, err); e.ExitCode != code {
				t.Errorf("exit code %d, told %d", code, e.ExitCode)
			}
			if strings.Contains(line, " list") || strings.Contains(line, " peek") {
				_, out, _ = run(strings.Fields(line)...)
				head, _, _ := strings.Cut(out, "\n")
				fmt.Fprintf(&columns, "opal %s: %s\n", line, strings.Join(strings.Fields(head), " "))
			}
		})
	}
	golden(t, "columns-operators.txt", columns.String())
}

// fakeAPI answers each call with one document, which has all that the commands read.
func fakeAPI(t *testing.T) string {
	var z bytes.Buffer
	w := zip.NewWriter(&z)
	f, err := w.Create("shopify/mug.jpg")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("a picture")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	listened := false
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		const counts = `{"total":1,"open":0,"completed":1,"failed":0,"cancelled":0}`
		switch {
		case r.URL.Path == "/put":
			w.WriteHeader(http.StatusCreated)
		case r.URL.Path == "/zip":
			_, _ = w.Write(z.Bytes())
		case r.Header.Get("Accept") == "text/event-stream":
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, "id: 1\nevent: event\ndata: {\"id\":\"1\",\"type\":\"item.completed\",\"created_at\":\"2026-11-27T10:00:00Z\"}\n\nevent: end\ndata: {\"job_id\":\"j\",\"status\":\"completed\"}\n\n")
		case listened && r.URL.Path == "/v1/events", strings.Contains(r.URL.Path, "gone"):
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"type":"/docs/errors/job_not_found","title":"Not Found","status":404,"detail":"There is no such job","code":"job_not_found","correlation_id":"c"}`)
		default:
			listened = r.URL.Path == "/v1/events"
			w.Header().Set("Content-Type", "application/json")
			if strings.HasPrefix(r.URL.Path, "/v1/webhooks") && !strings.HasSuffix(r.URL.Path, "/test") {
				fmt.Fprint(w, `{"webhook_id":"w","status":"active","events":["job.finished"],"count":1}`)
				return
			}
			fmt.Fprintf(w, `{"job_id":"j","import_id":"i","collection_id":"c","webhook_id":"w","status":%q,"zip":"ready","count":1,"ok":true,"counts":%s,
				"all_rows":true,"download_url":"%[3]s/zip","upload_url":"%[3]s/put","items":[{"item_id":"x","ok":true,"status":"failed","upload_url":"%[3]s/put"}],
				"events":[{"id":"1","type":"job.finished","job_id":"j","created_at":"2026-11-27T10:00:00Z"}],"next_cursor":null}`, status(r.URL.Path), counts, s.URL)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func status(path string) string {
	if strings.HasSuffix(path, "/test") {
		return "delivered"
	}
	return "completed"
}

// example returns the first example of a command that names it, as arguments.
func exampleOf(t *testing.T, c *cobra.Command) []string {
	for line := range strings.Lines(c.Example) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, c.CommandPath()) {
			line, _, _ = strings.Cut(line, " >")
			words, err := shellWords(line)
			if err != nil {
				t.Fatal(err)
			}
			return words[1:]
		}
	}
	t.Fatal("it has no example")
	return nil
}

// TestClientsGetJSON runs the first example of each of the client's commands. Tables keep
// their columns: those of before stand first.
func TestClientsGetJSON(t *testing.T) {
	api, dir := fakeAPI(t), t.TempDir()
	t.Chdir(dir)
	for k, v := range map[string]string{"OPAL_API": api, "OPAL_CONFIG_DIR": filepath.Join(dir, "conf"), "OPAL_STATE_DIR": filepath.Join(dir, "orders"), "NO_COLOR": "1"} {
		t.Setenv(k, v)
	}
	if err := os.Mkdir("photos", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"photos/mug.jpg", "products_export.csv"} {
		if err := os.WriteFile(name, []byte("file\nmug.jpg\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var columns strings.Builder
	for _, c := range leaves(command(Streams{})) {
		if _, without := withoutJSON[c.CommandPath()]; without || !slices.ContainsFunc(shell.Commands(shell.Streams{}, "", nil), func(s *cobra.Command) bool { return strings.Fields(c.CommandPath())[1] == s.Name() }) {
			continue
		}
		t.Run(c.CommandPath(), func(t *testing.T) {
			line := exampleOf(t, c)
			if c.Name() == "login" {
				line = []string{"login"}
			}
			lines := slices.Contains(lineByLine, c.CommandPath())
			code, out, err := run(append(slices.Clone(line), "--json")...)
			if c.Name() == "listen" {
				if e := failure(t, err); code != exitFailed || e.Code != "job_not_found" || e.Status != 404 || e.CorrelationID != "c" {
					t.Errorf("exit code %d, %+v", code, e)
				}
			} else if code != exitOK {
				t.Errorf("exit code %d\n%s", code, err)
			}
			answers(t, out, lines)
			_, out, err = run(line...)
			if strings.Contains(out+err, "\x1b") {
				t.Errorf("it draws, and there is no terminal:\n%s%s", out, err)
			}
			head, _, _ := strings.Cut(out, "\n")
			if head == strings.ToUpper(head) && head != "" {
				fmt.Fprintf(&columns, "%s: %s\n", c.CommandPath(), strings.Join(strings.Fields(head), " "))
			}
		})
	}
	golden(t, "columns.txt", columns.String())
}

// golden holds a text against a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join(home, "testdata", "golden", name)
	if *updateColumns {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("-update writes it anew (want -, got +):\n%s", diff)
	}
}

// home is the package's folder, where tests begin.
var home, _ = os.Getwd()

func TestErrorsAsJSON(t *testing.T) {
	t.Setenv("OPAL_API", fakeAPI(t))
	t.Setenv("OPAL_CONFIG_DIR", t.TempDir())
	for line, want := range map[string]errorLine{
		"jobs show gone --json":       {Code: "job_not_found", Detail: "There is no such job", Status: 404, Type: "/docs/errors/job_not_found", CorrelationID: "c", ExitCode: 1},
		"jobs show --json":            {Code: "usage", ExitCode: 2},
		"jobs show j --json --nope":   {Code: "usage", ExitCode: 2},
		"--json procss":               {Code: "usage", ExitCode: 2},
		"jobs create nowhere/ --json": {Code: "usage_invalid", ExitCode: 2},
		"settings NOPE --json":        {Code: "config_invalid", ExitCode: 2},
		"jobs show gone --json=false": {},
		"jobs show gone -- --json":    {},
	} {
		t.Run(line, func(t *testing.T) {
			code, out, err := run(strings.Fields(line)...)
			if code == exitOK || out != "" {
				t.Fatalf("exit code %d, standard output %q", code, out)
			}
			if want.Code == "" {
				if !strings.HasPrefix(err, "opal: ") {
					t.Error(err)
				}
				return
			}
			got := failure(t, err)
			if want.Detail == "" {
				got.Detail = ""
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}
