// Package onnx removes backgrounds with a network that the operator brings: an
// ONNX file and a manifest that says how it reads and writes. The network runs in
// ONNX Runtime in a child process of its own, without files or network, and its
// mask is joined with the classical engine's by package cutout.
//
// OPAL ships no weights and no runtime library; without either the engine can't be
// opened and says what is missing.
package onnx

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/opal-photo/opal/modules/fault"
)

// The errors of this package that a person can fix.
var (
	ErrNoModel   = fault.New(fault.NotFound, "model_not_found", "there is no such model")
	ErrFolder    = fault.New(fault.Invalid, "models_folder", "the folder of models can't be used")
	ErrNoRuntime = fault.New(fault.Unavailable, "model_runtime_missing", "ONNX Runtime's library can't be used")
	ErrBadModel  = fault.New(fault.Invalid, "model_invalid", "the model can't be used")
	ErrChanged   = fault.New(fault.Invalid, "model_changed", "the model's file is not the one its manifest describes")
	ErrMemory    = fault.New(fault.Invalid, "cutout_model_memory", "the limit on memory is too low for the cut-out model")
	ErrConsent   = fault.New(fault.Invalid, "model_licence", "the model's licence has not been accepted")
)

// Layout is the order of a tensor's dimensions.
type Layout string

// The layouts.
const (
	NCHW Layout = "nchw" // 1, channels, height, width
	NHWC Layout = "nhwc" // 1, height, width, channels
)

// Activation is how a network's output becomes coverage.
type Activation string

// The activations.
const (
	None    Activation = "none"    // the output is the coverage, 0–1
	Sigmoid Activation = "sigmoid" // the output is a logit
	MinMax  Activation = "minmax"  // the output's least value is 0 and its largest 1, unless they are close
)

// Manifest describes a model: whose it is, and how it reads and writes.
type Manifest struct {
	Name    string `json:"name"`              // lower-case letters, digits, "-", "." and "_"
	Title   string `json:"title,omitempty"`   // for people
	Licence string `json:"licence"`           // of the weights, as far as it is known
	Source  string `json:"source"`            // where the weights come from
	Notice  string `json:"notice,omitempty"`  // what a person must know, and accept, before using it
	SHA256  string `json:"sha256,omitempty"`  // of the file, hexadecimal; always there in a store
	Untried bool   `json:"untried,omitempty"` // written from a published export; not run by OPAL's makers

	Width  int    `json:"width"`            // pixels the network reads; the photo is stretched to them
	Height int    `json:"height"`           //
	Input  string `json:"input,omitempty"`  // name of the tensor; the first when empty
	Output string `json:"output,omitempty"` // name of the tensor; the first when empty
	Layout Layout `json:"layout"`           // of the input
	BGR    bool   `json:"bgr,omitempty"`    // channels are blue, green, red

	// The network reads a channel's value v, 0–255, as (v-mean)/scale.
	Mean  [3]float32 `json:"mean"`
	Scale [3]float32 `json:"scale"`

	Activation Activation `json:"activation"`

	// MemoryMB bounds what the child may map while it works, beside the loaded model.
	MemoryMB int `json:"memory_mb"`
}

// Limits of a manifest.
const (
	minSide   = 64
	maxSide   = 2048
	maxMemory = 16 << 10 // MB
)

var goodName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// Check tells what is wrong with a manifest.
func (m Manifest) Check() error {
	var bad []string
	say := func(wrong bool, text string) {
		if wrong {
			bad = append(bad, text)
		}
	}
	say(!goodName.MatchString(m.Name), `name must be lower-case letters, digits, "-", "." and "_"`)
	say(m.Licence == "", "licence is missing")
	say(m.Source == "", "source is missing")
	sum, err := hex.DecodeString(m.SHA256)
	say(m.SHA256 != "" && (err != nil || len(sum) != 32 || strings.ToLower(m.SHA256) != m.SHA256), "sha256 must be 64 lower-case hexadecimal digits")
	say(m.Width < minSide || m.Width > maxSide || m.Height < minSide || m.Height > maxSide, fmt.Sprintf("width and height must be %d to %d", minSide, maxSide))
	say(m.Layout != NCHW && m.Layout != NHWC, "layout must be nchw or nhwc")
	say(m.Activation != None && m.Activation != Sigmoid && m.Activation != MinMax, "activation must be none, sigmoid or minmax")
	normal := true
	for c := range 3 {
		normal = normal && m.Scale[c] > 0 && m.Scale[c] <= 1e6 && m.Mean[c] >= -1e6 && m.Mean[c] <= 1e6
	}
	say(!normal, "mean and scale must be three numbers each, of channels 0–255; scale is above 0")
	say(m.MemoryMB < 1 || m.MemoryMB > maxMemory, fmt.Sprintf("memory_mb must be 1 to %d", maxMemory))
	if len(bad) > 0 {
		return ErrBadModel.With("its manifest: %s", strings.Join(bad, "; "))
	}
	return nil
}

// ParseManifest reads a manifest.
func ParseManifest(b []byte) (m Manifest, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	err = d.Decode(&m)
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind) && kind.Field != "":
		return m, ErrBadModel.With("its manifest: %s can't be %s", kind.Field, kind.Value)
	case err != nil:
		return m, ErrBadModel.With("its manifest is not the JSON of one: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return m, m.Check()
}

// ReadManifest reads a manifest's file.
func ReadManifest(file string) (Manifest, error) {
	b, err := readPlain(file, maxManifest)
	if err != nil {
		return Manifest{}, err
	}
	return ParseManifest(b)
}
