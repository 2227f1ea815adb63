package chaos_test

import (
	"os"
	"testing"

	"github.com/opal-photo/opal/app/apptest"
)

// tests are this package's tests, and remove afterwards what they share.
type tests struct{ *testing.M }

// Run runs them.
func (r tests) Run() int {
	defer func() {
		if builtDir != "" {
			_ = os.RemoveAll(builtDir)
		}
	}()
	return r.M.Run()
}

func TestMain(m *testing.M) { apptest.Main(tests{m}) }
