package onnx

import (
	"encoding/binary"
	"math"
	"slices"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"
)

// Fields of onnx.proto3 that are read here.
const (
	modelGraph     = 7
	modelFunctions = 25

	graphNode        = 1
	graphInitializer = 5
	graphInput       = 11
	graphOutput      = 12
	graphValueInfo   = 13
	graphSparse      = 15

	nodeInput     = 1
	nodeOutput    = 2
	nodeOperator  = 4
	nodeAttribute = 5

	attributeName   = 1
	attributeInt    = 3
	attributeTensor = 5
	attributeGraph  = 6
	attributeTyped  = 10 // tensors, graphs, sparse tensors and types in several fields from here to
	attributeEnd    = 15 //
	attributeSparse = 22
	attributeKinds  = 23

	tensorDims     = 1
	tensorType     = 2
	tensorInt32    = 5
	tensorName     = 8
	tensorRaw      = 9
	tensorLocation = 14

	valueName = 1
	valueType = 2
)

// Values of TensorProto.DataType.
const (
	float32Type = 1
	float16Type = 10
)

// rewriteMost is the largest model that is rewritten: it lies in memory several times
// while it is loaded.
const rewriteMost = 256 << 20

// value is an input or output of a graph.
type value struct {
	name string
	kind uint64  // TensorProto.DataType
	dims []int64 // -1 is free
}

// graph is a network as its file has it. Its slices are the file's.
type graph struct {
	around       [][]byte // the model's fields but for the graph
	nodes        []node
	initializers []tensor
	inputs       []value
	outputs      []value
	rest         [][]byte          // the graph's other fields
	wire         map[string][]byte // of inputs and outputs
}

type node struct {
	wire    []byte
	in, out []string
	half    bool // it holds or makes values of half precision
}

type tensor struct {
	wire []byte
	name string
	kind uint64
}

// fields calls f for each field of a message with its number, its whole bytes, and its
// value: the bytes of a length-delimited one, or a varint. It returns false where the
// message is cut short, or f returned false.
func fields(b []byte, f func(n protowire.Number, whole, bytes []byte, varint uint64) bool) bool {
	for len(b) > 0 {
		n, kind, head := protowire.ConsumeTag(b)
		if head < 0 {
			return false
		}
		size := protowire.ConsumeFieldValue(n, kind, b[head:])
		if size < 0 {
			return false
		}
		var bytes []byte
		var varint uint64
		switch kind {
		case protowire.BytesType:
			bytes, _ = protowire.ConsumeBytes(b[head:])
		case protowire.VarintType:
			varint, _ = protowire.ConsumeVarint(b[head:])
		}
		if !f(n, b[:head+size], bytes, varint) {
			return false
		}
		b = b[head+size:]
	}
	return true
}

// readGraph reads a model. ok is false where it isn't one, or has parts that can't be
// rewritten here: branches, functions, weights in files of their own.
func readGraph(model []byte) (g *graph, ok bool) {
	g = &graph{wire: map[string][]byte{}}
	var body []byte
	graphs := 0
	ok = fields(model, func(n protowire.Number, whole, bytes []byte, _ uint64) bool {
		switch n {
		case modelGraph:
			body = bytes
			graphs++
		case modelFunctions:
			return false
		default:
			g.around = append(g.around, whole)
		}
		return true
	})
	if !ok || graphs != 1 {
		return nil, false
	}
	weights := map[string]bool{}
	ok = fields(body, func(n protowire.Number, whole, bytes []byte, _ uint64) bool {
		switch n {
		case graphNode:
			d, ok := readNode(bytes)
			g.nodes = append(g.nodes, d)
			return ok
		case graphInitializer:
			t, ok := readTensor(bytes)
			g.initializers = append(g.initializers, t)
			weights[t.name] = true
			return ok
		case graphInput, graphOutput:
			v, ok := readValue(bytes)
			g.wire[v.name] = whole
			if n == graphInput {
				g.inputs = append(g.inputs, v)
			} else {
				g.outputs = append(g.outputs, v)
			}
			return ok
		case graphSparse:
			return false
		case graphValueInfo: // the runtime infers them
		default:
			g.rest = append(g.rest, whole)
		}
		return true
	})
	g.inputs = slices.DeleteFunc(g.inputs, func(v value) bool { return weights[v.name] }) // old files list them, too
	return g, ok
}

func readNode(b []byte) (d node, ok bool) {
	d.wire = b
	ok = fields(b, func(n protowire.Number, _, bytes []byte, _ uint64) bool {
		switch n {
		case nodeInput:
			d.in = append(d.in, string(bytes))
		case nodeOutput:
			d.out = append(d.out, string(bytes))
		case nodeAttribute:
			return fields(bytes, func(n protowire.Number, _, bytes []byte, v uint64) bool {
				switch {
				case n == attributeTensor:
					t, ok := readTensor(bytes)
					d.half = d.half || t.kind == float16Type
					return ok
				case n == attributeInt:
					d.half = d.half || v == float16Type
				case n == attributeGraph, n >= attributeTyped && n <= attributeEnd, n == attributeSparse, n == attributeKinds:
					return false
				}
				return true
			})
		}
		return true
	})
	return d, ok
}

func readTensor(b []byte) (t tensor, ok bool) {
	t.wire = b
	ok = fields(b, func(n protowire.Number, _, bytes []byte, v uint64) bool {
		switch n {
		case tensorName:
			t.name = string(bytes)
		case tensorType:
			t.kind = v
		case tensorLocation:
			return v == 0 // else the weights lie in another file
		}
		return true
	})
	return t, ok
}

func readValue(b []byte) (v value, ok bool) {
	ok = fields(b, func(n protowire.Number, _, bytes []byte, _ uint64) bool {
		switch n {
		case valueName:
			v.name = string(bytes)
		case valueType:
			return fields(bytes, func(n protowire.Number, _, bytes []byte, _ uint64) bool {
				return n != 1 || fields(bytes, func(n protowire.Number, _, bytes []byte, kind uint64) bool { // TypeProto.Tensor
					switch n {
					case 1:
						v.kind = kind
					case 2:
						return fields(bytes, func(_ protowire.Number, _, bytes []byte, _ uint64) bool { // TensorShapeProto.Dimension
							dim := int64(-1)
							ok := fields(bytes, func(n protowire.Number, _, _ []byte, size uint64) bool {
								if n == 1 {
									dim = int64(size)
								}
								return true
							})
							v.dims = append(v.dims, dim)
							return ok
						})
					}
					return true
				})
			})
		}
		return true
	})
	return v, ok
}

// rewrite returns the model with that output alone and in single precision. A runtime on
// a processor computes all outputs that a model has, in training's interest, and what is
// in half precision it computes in single precision, with a conversion before and after
// each operation that holds up its own layout of the data.
func (g *graph) rewrite(output string) (model []byte, ok bool) {
	makes := map[string]int{}
	for i, d := range g.nodes {
		for _, name := range d.out {
			makes[name] = i
		}
	}
	needed, used := make([]bool, len(g.nodes)), map[string]bool{}
	for open := []string{output}; len(open) > 0; {
		name := open[len(open)-1]
		open = open[:len(open)-1]
		if used[name] {
			continue
		}
		used[name] = true
		if i, made := makes[name]; made && !needed[i] {
			needed[i] = true
			open = append(open, g.nodes[i].in...)
		}
	}
	size := 0
	for _, t := range g.initializers {
		size += 2*len(t.wire) + 64
	}
	for _, d := range g.nodes {
		size += 2*len(d.wire) + 64
	}
	b := make([]byte, 0, size+1<<16)
	for _, f := range g.around {
		b = append(b, f...)
	}
	b = protowire.AppendTag(b, modelGraph, protowire.BytesType)
	at := len(b)
	b = append(b, 0x80, 0x80, 0x80, 0x80, 0) // the length, known later, in five bytes
	for i, d := range g.nodes {
		if !needed[i] {
			continue
		}
		wire := d.wire
		if d.half {
			if wire, ok = widenNode(wire); !ok {
				return nil, false
			}
		}
		b = appendBytes(b, graphNode, wire)
	}
	for _, f := range g.rest {
		b = append(b, f...)
	}
	for _, t := range g.initializers {
		if !used[t.name] {
			continue
		}
		wire := t.wire
		if t.kind == float16Type {
			if wire, ok = widenTensor(wire); !ok {
				return nil, false
			}
		}
		b = appendBytes(b, graphInitializer, wire)
	}
	for _, v := range append(slices.Clone(g.inputs), value{name: output}) {
		b = append(b, g.wire[v.name]...)
	}
	for i, n := 0, len(b)-at-5; i < 5; i++ {
		b[at+i] |= byte(n & 0x7f)
		n >>= 7
	}
	return b, true
}

func appendBytes(b []byte, n protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), v)
}

// widenNode makes what a node holds and makes single precision. ok is false where a
// number that means half precision stands for something that is not known here.
func widenNode(wire []byte) (b []byte, ok bool) {
	operator := ""
	fields(wire, func(n protowire.Number, _, bytes []byte, _ uint64) bool {
		if n == nodeOperator {
			operator = string(bytes)
		}
		return true
	})
	ok = fields(wire, func(n protowire.Number, whole, bytes []byte, _ uint64) bool {
		if n != nodeAttribute {
			b = append(b, whole...)
			return true
		}
		name := ""
		var a []byte
		ok := fields(bytes, func(n protowire.Number, whole, bytes []byte, v uint64) bool {
			if n == attributeName {
				name = string(bytes)
			}
			switch {
			case n == attributeTensor:
				if t, _ := readTensor(bytes); t.kind == float16Type {
					wide, ok := widenTensor(bytes)
					a = appendBytes(a, attributeTensor, wide)
					return ok
				}
			case n == attributeInt && v == float16Type && name == "dtype":
				return false
			case n == attributeInt && v == float16Type && operator == "Cast" && name == "to":
				a = protowire.AppendVarint(protowire.AppendTag(a, attributeInt, protowire.VarintType), float32Type)
				return true
			}
			a = append(a, whole...)
			return true
		})
		b = appendBytes(b, nodeAttribute, a)
		return ok
	})
	return b, ok
}

// widenTensor makes a tensor of half precision one of single precision.
func widenTensor(wire []byte) (b []byte, ok bool) {
	var raw []byte
	var sparse []uint64
	ok = fields(wire, func(n protowire.Number, whole, bytes []byte, v uint64) bool {
		switch n {
		case tensorType:
			b = protowire.AppendVarint(protowire.AppendTag(b, tensorType, protowire.VarintType), float32Type)
		case tensorRaw:
			raw = bytes
		case tensorInt32: // two bytes of a value in each, one by one or together
			if bytes == nil {
				sparse = append(sparse, v)
			}
			for len(bytes) > 0 {
				v, n := protowire.ConsumeVarint(bytes)
				if n < 0 {
					return false
				}
				sparse, bytes = append(sparse, v), bytes[n:]
			}
		default:
			b = append(b, whole...)
		}
		return true
	})
	if !ok || len(raw)%2 != 0 {
		return nil, false
	}
	n, half := len(raw)/2+len(sparse), halves()
	b = slices.Grow(b, 4*n+16)
	b = protowire.AppendVarint(protowire.AppendTag(b, tensorRaw, protowire.BytesType), uint64(4*n))
	for ; len(raw) > 0; raw = raw[2:] {
		b = binary.LittleEndian.AppendUint32(b, half[binary.LittleEndian.Uint16(raw)])
	}
	for _, v := range sparse {
		b = binary.LittleEndian.AppendUint32(b, half[uint16(v)])
	}
	return b, true
}

// halves holds the bits of the single-precision number for each of half precision.
var halves = sync.OnceValue(func() *[1 << 16]uint32 {
	var t [1 << 16]uint32
	for h := range t {
		t[h] = halfBits(uint16(h))
	}
	return &t
})

// halfBits returns the bits of the single-precision number that equals one of half
// precision, IEEE 754's binary16.
func halfBits(h uint16) uint32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&0x3ff)
	switch exponent {
	case 0: // fraction · 2^-24, exactly
		return sign | math.Float32bits(float32(fraction)/(1<<24))
	case 31: // infinite, or not a number
		return sign | 0xff<<23 | fraction<<13
	}
	return sign | (exponent+127-15)<<23 | fraction<<13
}
