package net

import (
	"crypto/sha256"
	_ "embed" // the weights
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"sync"
)

//go:embed own.bin
var embedded []byte

// SHA256 is the hash of the weights that this program was made for; CARD.md says how
// they came about.
const SHA256 = "1d65c324d1cdee38c3fcbcd44a7c69639b257f97ce9fdf17fae4966c4063ab3f"

// magic begins a file of weights: the format, which ml/matte writes.
const magic = "opalnet1"

// most bounds the numbers in a record.
const most = 4096

var errWeights = errors.New("the weights of the cut-out network are damaged")

// loaded holds the result of load.
var loaded struct {
	once sync.Once
	net  *network
	err  error
}

// load reads the embedded weights once.
func load() (*network, error) {
	loaded.once.Do(func() { loaded.net, loaded.err = checked() })
	return loaded.net, loaded.err
}

// checked reads the embedded weights when their hash is the right one.
func checked() (*network, error) {
	if sum := sha256.Sum256(embedded); hex.EncodeToString(sum[:]) != SHA256 {
		return nil, fmt.Errorf("%w: their hash is not the one in the code", errWeights)
	}
	return parse(embedded)
}

// parse reads weights: the magic, then records of output channels, input channels
// and kernel size (uint16 each, little-endian), the weights as float16 [out][in][k][k],
// and a bias for each output as float32. The records follow each other as network
// has its layers.
func parse(data []byte) (*network, error) {
	if len(data) < len(magic) || string(data[:len(magic)]) != magic {
		return nil, fmt.Errorf("%w: they begin otherwise", errWeights)
	}
	r := &reader{data: data[len(magic):]}
	n := &network{}
	r.conv(&n.s1, 2, 1)
	r.conv(&n.e1, 1, 1)
	for i, stage := range n.stages() {
		r.conv(&stage.down, 2, 1)
		for k := range stage.residual[:1+i/3] { // the last stage has two
			r.conv(&stage.residual[k].a, 1, 1+k)
			r.conv(&stage.residual[k].b, 1, 1)
		}
	}
	n.context = r.linear()
	for i := range n.up {
		r.conv(&n.up[i], 1, 1)
	}
	r.conv(&n.last, 1, 1)
	if r.err == nil && len(r.data) > 0 {
		r.err = fmt.Errorf("%w: %d bytes are left", errWeights, len(r.data))
	}
	if r.err != nil {
		return nil, r.err
	}
	return n, n.check()
}

type reader struct {
	data []byte
	err  error
}

// record returns the sizes, the weights and the biases of the next layer.
func (r *reader) record(kernel int) (out, in int, w, bias []float32) {
	if r.err != nil {
		return 0, 0, nil, nil
	}
	if len(r.data) < 6 {
		r.err = fmt.Errorf("%w: they end early", errWeights)
		return 0, 0, nil, nil
	}
	u := binary.LittleEndian.Uint16
	out, in = int(u(r.data)), int(u(r.data[2:]))
	if out < 1 || in < 1 || out > most || in > most || int(u(r.data[4:])) != kernel {
		r.err = fmt.Errorf("%w: a layer of %d×%d", errWeights, out, in)
		return 0, 0, nil, nil
	}
	n := out * in * kernel * kernel
	body := r.data[6:]
	if len(body) < 2*n+4*out {
		r.err = fmt.Errorf("%w: they end early", errWeights)
		return 0, 0, nil, nil
	}
	w, bias = make([]float32, n), make([]float32, out)
	for i := range w {
		w[i] = float16(u(body[2*i:]))
	}
	for i := range bias {
		bias[i] = math.Float32frombits(binary.LittleEndian.Uint32(body[2*n+4*i:]))
	}
	r.data = body[2*n+4*out:]
	return out, in, w, bias
}

func (r *reader) conv(c *conv, stride, dilation int) {
	out, in, w, bias := r.record(3)
	if r.err == nil {
		*c = conv{in: in, out: out, stride: stride, dilation: dilation, bias: append(bias, 0), weights: packed(w, out, in)}
	}
}

func (r *reader) linear() linear {
	out, in, w, bias := r.record(1)
	return linear{in: in, out: out, weights: w, bias: bias}
}

// float16 is the value of a half-precision number (IEEE 754).
func float16(b uint16) float32 {
	sign, exponent, fraction := uint32(b>>15)<<31, uint32(b>>10)&31, uint32(b)&1023
	switch exponent {
	case 0: // zero and the subnormal numbers
		v := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31:
		return math.Float32frombits(sign | 255<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}
