//go:build ignore

// Words splits the texts of each language by the pages that name them, so that a visitor
// loads those of the pages that he opens. build.sh runs it:
//
//	go run words.go SRC OUT   writes OUT/<language>.js and OUT/<part>_<language>.js
//
// A text that only one part of the console names comes with that part; every other comes
// first. A page names a text by its key in quotes, or by the beginning of a key before ${.
package main

import (
	"fmt"
	"io/fs"
	"log"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// parts are the pages that come later, by the part of the console that they are of.
var parts = map[string]string{
	"shelf": "pages/shelf.ts", "style": "pages/style.ts", "ground": "pages/ground.ts", "account": "pages/account.ts", "office": "pages/office.ts", "guest": "pages/guest.tsx",
}

var (
	language = regexp.MustCompile(`^words/([a-z]{2})\.ts$`)
	imports  = regexp.MustCompile(`(?:from|import\()\s*"(\.[^"]+)"`)
	texts    = regexp.MustCompile(`"((?:[^"\\]|\\.)+)":\s*("(?:[^"\\]|\\.)*")`)
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: words.go SRC OUT")
	}
	if err := split(os.Args[1], os.Args[2]); err != nil {
		log.Fatal("words: ", err)
	}
}

func split(src, out string) error {
	files, err := read(src)
	if err != nil {
		return err
	}
	home := homes(files)
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for name, text := range files {
		m := language.FindStringSubmatch(name)
		if m == nil {
			continue
		}
		of := map[string][]string{"": nil}
		for part := range parts {
			of[part] = nil
		}
		for _, t := range texts.FindAllStringSubmatch(text, -1) {
			part := home(t[1])
			of[part] = append(of[part], fmt.Sprintf("%q: %s", t[1], t[2]))
		}
		for part, all := range of {
			file := m[1] + ".js"
			if part != "" {
				file = part + "_" + file
			}
			if err := os.WriteFile(filepath.Join(out, file), []byte("export default {\n"+strings.Join(all, ",\n")+"\n};\n"), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// read returns the sources by their paths below src.
func read(src string) (map[string]string, error) {
	files := map[string]string{}
	return files, fs.WalkDir(os.DirFS(src), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasPrefix(path.Ext(name), ".ts") || strings.HasSuffix(name, ".d.ts") {
			return err
		}
		b, err := os.ReadFile(filepath.Join(src, filepath.FromSlash(name)))
		files[name] = string(b)
		return err
	})
}

// homes returns a function that names the part that a text comes with; "" is the first load.
func homes(files map[string]string) func(key string) string {
	reach := func(from string, without map[string]bool) map[string]bool {
		seen := map[string]bool{}
		for todo := []string{from}; len(todo) > 0; {
			f := todo[0]
			if todo = todo[1:]; seen[f] || without[f] || language.MatchString(f) {
				continue
			}
			seen[f] = true
			for _, m := range imports.FindAllStringSubmatch(files[f], -1) {
				at := path.Join(path.Dir(f), m[1])
				for _, name := range []string{at + ".ts", at + ".tsx", at + "/index.ts"} {
					if _, ok := files[name]; ok {
						todo = append(todo, name)
					}
				}
			}
		}
		return seen
	}
	later := map[string]bool{}
	for _, page := range parts {
		later[page] = true
	}
	first := reach("main.tsx", later)
	own := map[string]map[string]bool{}
	for part, page := range parts {
		own[part] = reach(page, first)
	}
	return func(key string) string {
		at := map[string]bool{}
		for name, text := range files {
			if language.MatchString(name) || !names(text, key) {
				continue
			}
			if first[name] {
				return ""
			}
			for part, pages := range own {
				if pages[name] {
					at[part] = true
				}
			}
		}
		if len(at) != 1 {
			return ""
		}
		for part := range at {
			return part
		}
		return ""
	}
}

// names reports whether a source names a text.
func names(source, key string) bool {
	if strings.Contains(source, `"`+key+`"`) {
		return true
	}
	for i, c := range key {
		if c == '.' && (strings.Contains(source, "`"+key[:i+1]+"${") || strings.Contains(source, `said("`+key[:i]+`"`)) {
			return true
		}
	}
	return false
}
