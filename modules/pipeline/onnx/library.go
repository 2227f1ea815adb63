package onnx

import (
	"os"
	"path/filepath"
	"runtime"
)

// libraryName is the file in which ONNX Runtime comes.
func libraryName() string {
	if runtime.GOOS == "darwin" {
		return "libonnxruntime.1.dylib"
	}
	return "libonnxruntime.so.1"
}

// FindLibrary returns the path of ONNX Runtime's library: the named file, or the
// one that lies in lib beside this program, as `make build` lays it.
func FindLibrary(named string) (string, error) {
	if named != "" {
		if _, err := os.Stat(named); err != nil {
			return "", ErrNoRuntime.With("CUTOUT_RUNTIME: %s", err)
		}
		return filepath.Abs(named)
	}
	self, err := os.Executable()
	if err != nil {
		return "", ErrNoRuntime.With("%s", err)
	}
	if real, err := filepath.EvalSymlinks(self); err == nil {
		self = real
	}
	file := filepath.Join(filepath.Dir(self), "lib", libraryName())
	if _, err := os.Stat(file); err != nil {
		return "", ErrNoRuntime.With("%s is not there; `make model` lays it beside the program, or set CUTOUT_RUNTIME", file)
	}
	return file, nil
}
