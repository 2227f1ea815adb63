package ml

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pythonModules are what the Python service's tests import.
const pythonModules = "import fastapi, httpx, numpy, PIL, pytest"

// requireAll is set where nothing may be skipped.
const requireAll = "OPAL_REQUIRE_ALL"

func TestStableDiffusionService(t *testing.T) {
	if testing.Short() {
		t.Skip("not among the short tests: it starts Python")
	}
	python := findPython()
	if python == "" {
		const missing = "no Python with fastapi, httpx, numpy, pillow and pytest: apt-get install python3-fastapi python3-httpx python3-numpy python3-pil python3-pytest"
		if os.Getenv(requireAll) != "" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	c := exec.Command(python, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
	c.Dir = "sd"
	out, err := c.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

// findPython returns a Python that has the modules: OPAL_PYTHON, the one in the
// PATH, Debian's, or the one that the tests' set-up made.
func findPython() string {
	for _, p := range []string{os.Getenv("OPAL_PYTHON"), "python3", "/usr/bin/python3", "../.build/python/bin/python3"} {
		if p == "" {
			continue
		}
		if strings.HasPrefix(p, ".") {
			p, _ = filepath.Abs(p) // the tests run in another folder
		}
		if exec.Command(p, "-c", pythonModules).Run() == nil {
			return p
		}
	}
	return ""
}
