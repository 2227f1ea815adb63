package onnx

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/opal-photo/opal/modules/pipeline/onnx/onnxtest"
)

// tinySide is the size of the tests' network.
const tinySide = onnxtest.Side

// tinyManifest describes a tiny network on channels of 0–1.
func tinyManifest() Manifest {
	return Manifest{
		Name: "tiny", Licence: "none needed", Source: "this test", Width: tinySide, Height: tinySide, Layout: NCHW,
		Scale: [3]float32{255, 255, 255}, Activation: None, MemoryMB: 256,
	}
}

func write(t testing.TB, name string, b []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// stored puts a network into a store of its own.
func stored(t testing.TB, m Manifest, network []byte) Model {
	t.Helper()
	model, err := Store{Dir: t.TempDir()}.Add(t.Context(), write(t, "net.onnx", network), m, nil)
	if err != nil {
		t.Fatal(err)
	}
	return model
}
