package bicep

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// value evaluates one expression with a parameter p.
func value(t *testing.T, expr string, p any) (any, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.bicep")
	if err := os.WriteFile(path, []byte("param p object = {}\nvar v = "+expr+"\noutput out object = { v: v, p: p }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	params := map[string]any{}
	if p != nil {
		params["p"] = p
	}
	plan, err := Evaluate(path, params)
	if err != nil {
		return nil, err
	}
	return plan.Outputs["out"].(map[string]any)["v"], nil
}

func TestExpressions(t *testing.T) {
	p := map[string]any{"a": "x", "n": int64(3), "list": []any{"u", "v"}, "deep": map[string]any{"b": true}}
	for expr, want := range map[string]any{
		"'a${p.a}b${p.n}'":                             "axb3",
		"'it\\'s \\${no}'":                             "it's ${no}",
		"1 + 2 * 3 - 8 / 4":                            int64(5),
		"-p.n":                                         int64(-3),
		"p.n >= 3 && !(p.a == 'y')":                    true,
		"p.n < 3 || p.n % 2 == 1":                      true,
		"p.deep.b ? 'yes' : 'no'":                      "yes",
		"p.list[1]":                                    "v",
		"[for x in p.list: '${x}!']":                   []any{"u!", "v!"},
		"[for (x, i) in p.list: i]":                    []any{int64(0), int64(1)},
		"concat(p.list, ['w'])":                        []any{"u", "v", "w"},
		"union({ a: 1 }, { b: 2 })":                    map[string]any{"a": int64(1), "b": int64(2)},
		"map(filter(p.list, x => x != 'u'), x => [x])": []any{[]any{"v"}},
		"empty('') && contains(p.list, 'u')":           true,
		"take('abc', 2)":                               "ab",
		"replace('a-b', '-', '')":                      "ab",
		"join(split('a,b', ','), ';')":                 "a;b",
		"json('0.5')":                                  0.5,
		"// a comment\n  1":                            nil,
	} {
		t.Run(expr, func(t *testing.T) {
			got, err := value(t, expr, p)
			if want == nil {
				if err == nil {
					t.Errorf("%s: %v, an error expected", expr, got)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %v (%T), want %v: %v", expr, got, got, want, err)
			}
		})
	}
}

func TestErrorsNameTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"param":                                 "line 1",
		"var a = 'x":                            "line 1: the string is not closed",
		"\nvar a = '${x'":                       "line 2",
		"var a = { b: 1\n b: 2 }":               "line 2: property b is there twice",
		"var a = \\":                            "is not Bicep",
		"var a = [1, 2":                         "expected",
		"var a = (1":                            "\")\" expected",
		"var a = 'x' 'y'":                       "after the declaration",
		"resource r 'T@1' = if (true":           "\")\" expected",
		"output x string":                       "has no value",
		"var a = 99999999999999999999":          "a value expected",
		"frobnicate x = 1":                      "declares nothing",
		"var a = " + strings.Repeat("(", 1000):  "nested too deeply",
		"var a = " + strings.Repeat("!", 1000):  "nested too deeply",
		"var a = " + strings.Repeat("'${", 300): "line 1",
		"@description('x'\nparam a string":      "expected",
		"var a = 'bad \\q'":                     "is no escape",
	} {
		t.Run(fmt.Sprintf("%.40q", text), func(t *testing.T) {
			_, err := parse(text)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%.40q: %v, want %q", text, err, want)
			}
		})
	}
}

func TestEvaluationRefuses(t *testing.T) {
	for expr, want := range map[string]string{
		"missing":              "missing is not declared",
		"p.nothing":            "has no property nothing",
		"frobnicate()":         "is not known here",
		"1 / 0":                "can't be had",
		"[1][3]":               "there is no such element",
		"'a' + 1":              "can't be had",
		"take('a')":            "argument 2 is missing",
		"take(1, 1)":           "not of the right type",
		"v":                    "needs itself",
		"1 ? 2 : 3":            "no bool",
		"[for x in 'a': x]":    "not over an array",
		"loadTextContent('/')": "",
	} {
		t.Run(expr, func(t *testing.T) {
			if got, err := value(t, expr, nil); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v %v, want %q", expr, got, err, want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, dir := range []string{"../../*.bicep", "../../modules/*.bicep", "../../*.bicepparam"} {
		files, err := filepath.Glob(dir)
		if err != nil || len(files) == 0 {
			f.Fatalf("%s: %d files, %v", dir, len(files), err)
		}
		for _, path := range files {
			b, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(b))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := parse(text); err != nil && !strings.Contains(err.Error(), "line ") {
			t.Errorf("the error names no line: %v", err)
		}
	})
}
