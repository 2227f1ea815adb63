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

// maxLibrary bounds the library's file, in bytes: one with CUDA has its kernels beside it.
const maxLibrary = 4 << 30

// FindLibrary returns the path of ONNX Runtime's library: the named file, or the
// one that lies in lib beside this program, as `make build` lays it. It is a plain file;
// whether it is a library is found when it is opened.
func FindLibrary(named string) (string, error) {
	if named != "" {
		if err := checkPlain(named, maxLibrary); err != nil {
			return "", ErrNoRuntime.With("CUTOUT_RUNTIME: %s; correct it, or leave it out for the one beside the program", detailOf(err))
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
	if err := checkPlain(file, maxLibrary); err != nil {
		return "", ErrNoRuntime.With("%s; `make model` lays it beside the program, or set CUTOUT_RUNTIME", detailOf(err))
	}
	return file, nil
}
