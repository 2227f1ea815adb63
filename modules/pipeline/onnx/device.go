package onnx

import (
	"strings"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/opal-photo/opal/modules/fault"
)

// Device is what computes a network.
type Device string

// The devices of ONNX Runtime that OPAL knows.
const (
	CPU  Device = "cpu"
	CUDA Device = "cuda"
)

// ErrNoCUDA says that the graphics card can't be used. The processor doesn't take its
// place: who set CUTOUT_DEVICE pays for a card, and would pay for it unused.
var ErrNoCUDA = fault.New(fault.Unavailable, "cutout_no_cuda", "CUTOUT_DEVICE is cuda, and no NVIDIA card can be used")

const withoutCard = "set CUTOUT_DEVICE=cpu, or see to the card, its driver and a CUTOUT_RUNTIME that is built for it"

// kind is the child that computes on the device.
func (d Device) kind() string {
	if d == CUDA {
		return CUDAChildKind
	}
	return ChildKind
}

// add puts the device's provider before the processor's.
func (d Device) add(o *ort.SessionOptions) error {
	if d != CUDA {
		return nil
	}
	cuda, err := ort.NewCUDAProviderOptions()
	if err != nil {
		return ErrNoCUDA.With("ONNX Runtime's library is one without CUDA; %s", withoutCard)
	}
	defer func() { _ = cuda.Destroy() }()
	if err := o.AppendExecutionProviderCUDA(cuda); err != nil {
		return ErrNoCUDA.With("%s; %s", plainWords(err.Error()), withoutCard)
	}
	return nil
}

// refused says whose fault it is that no session could be made: the card's, or the model's.
func (d Device) refused(err error) error {
	if d == CUDA {
		// The runtime's words for what the card's own libraries answer.
		for _, library := range []string{"CUDA", "CUDNN", "CUBLAS"} {
			if _, why, ok := strings.Cut(err.Error(), library+" failure "); ok {
				return ErrNoCUDA.With("%s answers %s; %s", library, plainWords(why), withoutCard)
			}
		}
	}
	return ErrBadModel.With("%s", plainWords(err.Error()))
}
