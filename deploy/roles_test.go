package deploy

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/config/configtest"
)

// codeRoles reads app's table of roles: each role's command and the settings that
// it needs. Reading the source needs neither cgo nor an exported table.
func codeRoles(t *testing.T) map[string]config.Role {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../app/roles.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	roles := map[string]config.Role{}
	ast.Inspect(f, func(n ast.Node) bool {
		lit, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		name, needs := "", (*ast.CompositeLit)(nil)
		for _, e := range lit.Elts {
			kv, ok := e.(*ast.KeyValueExpr)
			if !ok {
				continue
			}
			switch key, _ := kv.Key.(*ast.Ident); {
			case key == nil:
			case key.Name == "name":
				if b, ok := kv.Value.(*ast.BasicLit); ok {
					name, _ = strconv.Unquote(b.Value)
				}
			case key.Name == "needs":
				needs, _ = kv.Value.(*ast.CompositeLit)
			}
		}
		if name != "" && needs != nil {
			roles[name] = roleOf(needs)
		}
		return true
	})
	if len(roles) < 4 {
		t.Fatalf("app/roles.go has only %d roles that this test can read", len(roles))
	}
	return roles
}

// readCode reads the code once for all plans.
var readCode = sync.OnceValues(func() (*configtest.Code, error) { return configtest.Read("..") })

// codeReads returns the settings that the code of each role, and of the commands that jobs
// on Azure run, reaches.
func codeReads(t *testing.T) map[string][]string {
	t.Helper()
	code, err := readCode()
	if err != nil {
		t.Fatal(err)
	}
	reads := map[string][]string{
		"migrate": code.Command("migrateCommand"),
		"doctor":  code.Command("doctorCommand", "queuesCommand", "tenantsCommand", "keysCommand", "limitsCommand", "auditCommand", "refundCommand", "customerCommand"),
	}
	for _, role := range code.Roles() {
		if reads[role] = code.Role(role); len(reads[role]) < 10 {
			t.Fatalf("role %s reads only %v: configtest no longer reads the table of roles", role, reads[role])
		}
	}
	// The doctor holds the settings against what the API needs.
	reads["doctor"] = append(reads["doctor"], reads["serve-api"]...)
	slices.Sort(reads["doctor"])
	reads["doctor"] = slices.Compact(reads["doctor"])
	return reads
}

func roleOf(lit *ast.CompositeLit) config.Role {
	var r config.Role
	v := reflect.ValueOf(&r).Elem()
	for _, e := range lit.Elts {
		kv := e.(*ast.KeyValueExpr)
		if kv.Value.(*ast.Ident).Name == "true" {
			v.FieldByName(kv.Key.(*ast.Ident).Name).SetBool(true)
		}
	}
	return r
}
