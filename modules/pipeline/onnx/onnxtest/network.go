// Package onnxtest is a network for tests, small enough to be written by code, and
// ONNX Runtime's library that runs it.
package onnxtest

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// A tiny network, written here as ONNX's protobuf: one convolution of 1×1 whose
// output is bias + weight·(red, green, blue) of each pixel. Field numbers are
// those of onnx.proto3.

func field(b []byte, n protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), v)
}

func number(b []byte, n protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), v)
}

// Of TensorProto.DataType.
const (
	floatType = 1
	halfType  = 10
)

func floats(name string, dims []uint64, v ...float32) []byte {
	var b, raw []byte
	for _, d := range dims {
		b = number(b, 1, d)
	}
	b = number(b, 2, floatType)
	b = field(b, 8, []byte(name))
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return field(b, 9, raw)
}

// value describes an input or output; a dimension of 0 is left free.
func value(name string, dims ...uint64) []byte {
	var shape []byte
	for _, d := range dims {
		var dim []byte
		if d > 0 {
			dim = number(dim, 1, d)
		} else {
			dim = field(dim, 2, []byte("n"))
		}
		shape = field(shape, 1, dim)
	}
	tensor := field(number(nil, 1, floatType), 2, shape)
	return field(field(nil, 1, []byte(name)), 2, field(nil, 1, tensor))
}

func node(op string, in []string, out string) []byte {
	var b []byte
	for _, i := range in {
		b = field(b, 1, []byte(i))
	}
	return field(field(b, 2, []byte(out)), 4, []byte(op))
}

// Side is a size at which a child answers in milliseconds.
const Side = 256

// Network returns the network for pictures of side×side; free leaves its batch size
// and picture's size open, as many exports do.
func Network(side int, weight [3]float32, bias float32, free bool) []byte {
	s, n := uint64(side), uint64(1)
	if free {
		s, n = 0, 0
	}
	g := field(nil, 1, node("Conv", []string{"photo", "weight", "bias"}, "mask"))
	g = field(g, 2, []byte("tiny"))
	g = field(g, 5, floats("weight", []uint64{1, 3, 1, 1}, weight[:]...))
	g = field(g, 5, floats("bias", []uint64{1}, bias))
	g = field(g, 11, value("photo", n, 3, s, s))
	g = field(g, 12, value("mask", n, 1, s, s))
	b := number(nil, 1, 8) // ir_version
	b = field(b, 7, g)
	return field(b, 8, number(nil, 2, 13)) // opset 13
}

// Classes returns a network whose answer is no picture, as a classifier's: one number for each of three classes.
func Classes(side int) []byte {
	g := field(nil, 1, node("GlobalAveragePool", []string{"photo"}, "mask"))
	g = field(g, 2, []byte("classes"))
	g = field(g, 11, value("photo", 1, 3, uint64(side), uint64(side)))
	g = field(g, 12, value("mask", 1, 3, 1, 1))
	return field(field(number(nil, 1, 8), 7, g), 8, number(nil, 2, 13))
}

// Half returns that network in half precision, as exports often are: a conversion
// before and after, weights of two bytes, those of the bias one by one. It has a second
// output, "deep", of a convolution of its own.
func Half(side int, weight [3]uint16, bias uint16) []byte {
	s := uint64(side)
	cast := func(in, out string, kind uint64) []byte {
		to := number(number(field(nil, 1, []byte("to")), 3, kind), 20, 2) // an integer
		return field(node("Cast", []string{in}, out), 5, to)
	}
	half := func(name string, dims ...uint64) []byte {
		var b []byte
		for _, d := range dims {
			b = number(b, 1, d)
		}
		return field(number(b, 2, halfType), 8, []byte(name))
	}
	var raw []byte
	for _, w := range weight {
		raw = binary.LittleEndian.AppendUint16(raw, w)
	}
	g := field(nil, 1, cast("photo", "photo16", halfType))
	g = field(g, 1, node("Conv", []string{"photo16", "weight", "bias"}, "mask16"))
	g = field(g, 1, cast("mask16", "mask", floatType))
	g = field(g, 1, node("Conv", []string{"photo16", "unused"}, "deep16"))
	g = field(g, 1, cast("deep16", "deep", floatType))
	g = field(g, 2, []byte("half"))
	g = field(g, 5, field(half("weight", 1, 3, 1, 1), 9, raw))
	g = field(g, 5, number(half("bias", 1), 5, uint64(bias)))
	g = field(g, 5, field(half("unused", 1, 3, 1, 1), 9, raw))
	g = field(g, 11, value("photo", 1, 3, s, s))
	g = field(g, 12, value("deep", 1, 1, s, s))
	g = field(g, 12, value("mask", 1, 1, s, s))
	b := field(number(nil, 1, 8), 7, g)
	return field(b, 8, number(nil, 2, 13))
}

// Library returns ONNX Runtime's library, which `make test` brings into the repository.
// Without it the test is skipped, or fails when OPAL_REQUIRE_ALL is 1.
func Library(t testing.TB) string {
	t.Helper()
	name := "libonnxruntime.so.1"
	if runtime.GOOS == "darwin" {
		name = "libonnxruntime.1.dylib"
	}
	candidates := []string{os.Getenv("CUTOUT_RUNTIME")}
	for up := ""; len(up) <= len("../../../../../"); up += "../" {
		candidates = append(candidates, filepath.Join(up+".build", "onnxruntime", "lib", name))
	}
	for _, file := range candidates {
		if file == "" {
			continue
		}
		if _, err := os.Stat(file); err == nil {
			if file, err = filepath.Abs(file); err == nil {
				return file
			}
		}
	}
	if os.Getenv("OPAL_REQUIRE_ALL") == "1" {
		t.Fatal("ONNX Runtime's library is missing: make onnxruntime")
	}
	t.Skip("ONNX Runtime's library is missing: make onnxruntime")
	return ""
}
