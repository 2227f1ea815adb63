package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// goldenDocument is the OpenAPI document as it was last agreed to; generated clients,
// the console's among them, are made of it.
const goldenDocument = "testdata/golden/openapi.json"

// TestTheDocumentBreaksNoClient compares the document with the golden one. A change that
// breaks clients fails in words, with -update too; one that only adds asks to be taken
// up.
func TestTheDocumentBreaksNoClient(t *testing.T) {
	if onPostgres {
		return // the document is the same
	}
	now := goldenOf(t, newHouse(t).text(t))
	was, err := os.ReadFile(goldenDocument)
	if err != nil && !(*update && errors.Is(err, fs.ErrNotExist)) {
		t.Fatal(err)
	}
	if err == nil {
		breaks := breakingChanges(document(t, was), document(t, now))
		for _, b := range breaks {
			t.Error(b)
		}
		if len(breaks) > 0 {
			t.Fatal("These changes break programs that use the API, which version 1 promises not to do. Add beside what is there instead; " +
				"where a break is meant, delete " + goldenDocument + " before make golden.")
		}
	}
	if bytes.Equal(was, now) {
		return
	}
	if *update {
		if err := os.MkdirAll(filepath.Dir(goldenDocument), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(goldenDocument, now, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("The OpenAPI document has changed, without breaking clients:\n%s\nRun `go test ./modules/api -run BreaksNoClient -update` (or make golden), look at the difference, and commit it.",
		strings.Join(changes("", document(t, was), document(t, now)), "\n"))
}

// goldenOf returns the document as it is kept: indented, and without the examples of
// errors, whose codes are in the descriptions.
func goldenOf(t *testing.T, b []byte) []byte {
	t.Helper()
	d := document(t, b)
	for path := range d.at("paths") {
		for verb := range d.at("paths", path) {
			for status := range d.at("paths", path, verb, "responses") {
				delete(d.at("paths", path, verb, "responses", status, "content", problemType), "examples")
			}
		}
	}
	out, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}

func document(t *testing.T, b []byte) node {
	t.Helper()
	var d node
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// maxChanges bounds the places that a report names.
const maxChanges = 20

// changes lists the places at which two documents differ.
func changes(at string, was, now any) []string {
	a, _ := asNode(was)
	b, _ := asNode(now)
	if a == nil || b == nil {
		x, _ := json.Marshal(was)
		y, _ := json.Marshal(now)
		if bytes.Equal(x, y) {
			return nil
		}
		return []string{at}
	}
	var out []string
	for _, name := range namesOf(a, b) {
		if len(out) < maxChanges {
			out = append(out, changes(at+"/"+name, a[name], b[name])...)
		}
	}
	return out
}
