package bicep

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// function is one of Bicep's own, over evaluated arguments.
type function func(e *scope, line int, args []any) any

// functions are those that deploy/ may use.
var functions = map[string]function{
	"resourceGroup": func(*scope, int, []any) any {
		return map[string]any{"id": "/subscriptions/SUB/resourceGroups/RG", "name": "RG", "location": "westeurope"}
	},
	"tenant": func(*scope, int, []any) any { return map[string]any{"tenantId": "TENANT"} },
	"environment": func(*scope, int, []any) any {
		return map[string]any{"suffixes": map[string]any{"storage": "core.windows.net", "keyvaultDns": ".vault.azure.net"}}
	},
	"subscriptionResourceId": resourceID,
	"resourceId":             resourceID,
	"uniqueString":           func(_ *scope, _ int, a []any) any { return hash(a)[:13] },
	"guid": func(_ *scope, _ int, a []any) any {
		h := fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, a...)))
		return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:32]
	},
	"take": func(e *scope, l int, a []any) any { s := e.str(l, a, 0); return s[:min(len(s), e.num(l, a, 1))] },
	"replace": func(e *scope, l int, a []any) any {
		return strings.ReplaceAll(e.str(l, a, 0), e.str(l, a, 1), e.str(l, a, 2))
	},
	"string": func(_ *scope, _ int, a []any) any { return fmt.Sprint(a...) },
	// A number that is not an integer: a container's share of a CPU.
	"json": func(e *scope, l int, a []any) any {
		n, err := strconv.ParseFloat(e.str(l, a, 0), 64)
		if err != nil {
			e.fail(l, "json(%v): only numbers are read here", a)
		}
		return n
	},
	"join": func(e *scope, l int, a []any) any {
		var parts []string
		for _, v := range e.list(l, a, 0) {
			parts = append(parts, fmt.Sprint(v))
		}
		return strings.Join(parts, e.str(l, a, 1))
	},
	"split": func(e *scope, l int, a []any) any {
		var out []any
		for s := range strings.SplitSeq(e.str(l, a, 0), e.str(l, a, 1)) {
			out = append(out, s)
		}
		return out
	},
	"concat": func(e *scope, l int, a []any) any {
		out := []any{}
		for i := range a {
			out = append(out, e.list(l, a, i)...)
		}
		return out
	},
	"union": func(e *scope, l int, a []any) any {
		out := map[string]any{}
		for _, v := range a {
			m, ok := v.(map[string]any)
			if !ok {
				e.fail(l, "union is for objects here")
			}
			maps.Copy(out, m)
		}
		return out
	},
	"int": func(e *scope, l int, a []any) any {
		n, err := strconv.ParseInt(e.str(l, a, 0), 10, 64)
		if err != nil {
			e.fail(l, "%v", err)
		}
		return n
	},
	"max":      func(e *scope, l int, a []any) any { return int64(max(e.num(l, a, 0), e.num(l, a, 1))) },
	"empty":    func(_ *scope, _ int, a []any) any { return size(a[0]) == 0 },
	"contains": func(e *scope, l int, a []any) any { return slices.Contains(e.list(l, a, 0), any(e.str(l, a, 1))) },
	"loadTextContent": func(e *scope, l int, a []any) any {
		b, err := os.ReadFile(filepath.Join(filepath.Dir(e.path), e.str(l, a, 0)))
		if err != nil {
			e.fail(l, "%v", err)
		}
		return string(b)
	},
	"readEnvironmentVariable": func(e *scope, l int, a []any) any {
		if len(a) > 1 {
			return a[1]
		}
		return unknown("environment." + e.str(l, a, 0))
	},
}

// lambdas are the functions that take a lambda; map and filter over an array.
var lambdas = []string{"map", "filter"}

func resourceID(e *scope, l int, a []any) any {
	if len(a) < 2 {
		e.fail(l, "a type and a name are missing")
	}
	return fmt.Sprintf("/subscriptions/SUB/providers/%v/%v", a[0], a[1])
}

// hash is 13 letters or more that depend on the values, as uniqueString's do.
func hash(a []any) string {
	h := sha256.Sum256([]byte(fmt.Sprintln(a...)))
	return strings.ToLower(base32.StdEncoding.EncodeToString(h[:]))
}

func size(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case []any:
		return len(v)
	case map[string]any:
		return len(v)
	}
	return 0
}

func arg[T any](e *scope, line int, a []any, i int) T {
	if i >= len(a) {
		e.fail(line, "argument %d is missing", i+1)
	}
	v, ok := a[i].(T)
	if !ok {
		e.fail(line, "argument %d is %v, which is not of the right type", i+1, a[i])
	}
	return v
}

func (e *scope) str(line int, a []any, i int) string { return arg[string](e, line, a, i) }
func (e *scope) num(line int, a []any, i int) int    { return int(arg[int64](e, line, a, i)) }
func (e *scope) list(line int, a []any, i int) []any { return arg[[]any](e, line, a, i) }

func (e *scope) call(x call, vars map[string]any) any {
	if x.receiver != nil { // a method: getSecret, listKeys: only Azure knows
		r, ok := e.eval(x.receiver, vars).(*ref)
		if !ok {
			e.fail(x.line(), "%s is called on no resource", x.function)
		}
		for _, a := range x.args {
			e.eval(a, vars)
		}
		return unknown(r.symbol + "." + x.function + "()")
	}
	if slices.Contains(lambdas, x.function) && len(x.args) == 2 {
		return e.overList(x, vars)
	}
	f, ok := functions[x.function]
	if !ok {
		e.fail(x.line(), "the function %s is not known here", x.function)
	}
	var args []any
	for _, a := range x.args {
		args = append(args, plain(e.eval(a, vars)))
	}
	return f(e, x.line(), args)
}

func (e *scope) overList(x call, vars map[string]any) any {
	list, ok := e.eval(x.args[0], vars).([]any)
	l, isLambda := x.args[1].(lambda)
	if !ok || !isLambda {
		e.fail(x.line(), "%s needs an array and a lambda", x.function)
	}
	out := []any{}
	for _, item := range list {
		inner := maps.Clone(vars)
		if inner == nil {
			inner = map[string]any{}
		}
		inner[l.param] = item
		v := plain(e.eval(l.body, inner))
		if x.function == "map" {
			out = append(out, v)
		} else if v == true {
			out = append(out, item)
		}
	}
	return out
}
