package onnx

import (
	"bytes"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/opal-photo/opal/modules/pipeline/onnx/onnxtest"
)

// halfNetwork says .1 + .5·red - .25·green + .125·blue in half precision.
func halfNetwork() []byte { return onnxtest.Half(tinySide, [3]uint16{0x3800, 0xb400, 0x3000}, 0x2e66) }

func TestHalfPrecisionIsComputedInSingle(t *testing.T) {
	m := tinyManifest()
	m.Output = "mask"
	mask, err := open(t, Options{Model: stored(t, m, halfNetwork())}).Mask(t.Context(), shade(tinySide, tinySide, 204, 102, 51))
	if err != nil {
		t.Fatal(err)
	}
	// .1 is .0999756 in half precision; a sum in half precision would be off by more
	if got, want := float64(mask.Coverage[0]), .0999756+.5*.8-.25*.4+.125*.2; math.Abs(got-want) > 1e-6 {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestRewrittenNetworkHasWhatItsOutputNeeds(t *testing.T) {
	g, ok := readGraph(halfNetwork())
	if !ok {
		t.Fatal("can't be read")
	}
	model, ok := g.rewrite("mask")
	if !ok {
		t.Fatal("can't be rewritten")
	}
	g, ok = readGraph(model)
	if !ok {
		t.Fatal("can't be read again")
	}
	var made, held []string
	for _, d := range g.nodes {
		made = append(made, d.out...)
		if d.half {
			t.Errorf("%v is of half precision", d.out)
		}
	}
	for _, w := range g.initializers {
		held = append(held, w.name)
		if w.kind != float32Type {
			t.Errorf("%s is of type %d", w.name, w.kind)
		}
	}
	if d := cmp.Diff([][]string{{"photo16", "mask16", "mask"}, {"weight", "bias"}}, [][]string{made, held}); d != "" {
		t.Error(d)
	}
	side := int64(tinySide)
	want := [][]value{{{"photo", float32Type, []int64{1, 3, side, side}}}, {{"mask", float32Type, []int64{1, 1, side, side}}}}
	if d := cmp.Diff(want, [][]value{g.inputs, g.outputs}, cmp.AllowUnexported(value{})); d != "" {
		t.Error(d)
	}
}

func TestHalvesKeepTheirValue(t *testing.T) {
	for h, want := range map[uint16]float64{
		0: 0, 0x8000: math.Copysign(0, -1), 1: math.Pow(2, -24), 0x83ff: -1023 * math.Pow(2, -24), 0x400: math.Pow(2, -14), 0x3c00: 1, 0xc000: -2, 0x3555: 1365. / 4096,
		0x7bff: 65504, 0x7c00: math.Inf(1), 0xfc00: math.Inf(-1), 0x7e00: math.NaN(),
	} {
		if got := math.Float32frombits(halfBits(h)); math.Float32bits(got) != math.Float32bits(float32(want)) && !(math.IsNaN(want) && got != got) {
			t.Errorf("%#x is %v, want %v", h, got, want)
		}
	}
}

// A network that has more than one plain graph in its file goes to the runtime as it is.
func TestUnknownKindsAreNotRewritten(t *testing.T) {
	whole := halfNetwork()
	in := func(graph []byte) []byte { return appendBytes(nil, modelGraph, graph) }
	conv := appendBytes(nil, nodeOperator, []byte("If"))
	for name, model := range map[string][]byte{
		"nothing":          nil,
		"a page":           []byte("<html>404</html>"),
		"cut short":        whole[:len(whole)/2],
		"two graphs":       append(bytes.Clone(whole), whole...),
		"functions":        appendBytes(bytes.Clone(whole), modelFunctions, nil),
		"a branch":         in(appendBytes(nil, graphNode, appendBytes(conv, nodeAttribute, appendBytes(nil, attributeGraph, nil)))),
		"weights outside":  in(appendBytes(nil, graphInitializer, protowire.AppendVarint(protowire.AppendTag(nil, tensorLocation, protowire.VarintType), 1))),
		"sparse weights":   in(appendBytes(nil, graphSparse, nil)),
		"a broken initial": in(appendBytes(nil, graphInitializer, []byte{0xff})),
	} {
		t.Run(name, func(t *testing.T) {
			if _, ok := readGraph(model); ok {
				t.Error("it is read as a plain graph")
			}
		})
	}
}

func FuzzGraph(f *testing.F) {
	f.Add(halfNetwork())
	f.Add(redness())
	f.Fuzz(func(t *testing.T, b []byte) {
		g, ok := readGraph(b)
		if !ok {
			return
		}
		for _, v := range g.outputs {
			if out, ok := g.rewrite(v.name); ok {
				if _, ok := readGraph(out); !ok {
					t.Fatal("a rewritten graph can't be read")
				}
			}
		}
	})
}
