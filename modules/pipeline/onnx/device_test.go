package onnx

import (
	"errors"
	"testing"
)

// What the card's libraries answer is not blamed on the model, and a broken model not on
// the card. The texts are ONNX Runtime 1.26's, on a machine without a driver.
func TestARefusalNamesTheCardOrTheModel(t *testing.T) {
	const driver = "Error creating C session from file: /onnxruntime_src/onnxruntime/core/providers/cuda/cuda_call.cc:122 " +
		"CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version ; GPU=-1"
	for name, c := range map[string]struct {
		device Device
		said   string
		want   error
	}{
		"no driver":             {CUDA, driver, ErrNoCUDA},
		"cuDNN":                 {CUDA, "CUDNN failure 1001: CUDNN_STATUS_NOT_INITIALIZED ; GPU=0", ErrNoCUDA},
		"a broken model":        {CUDA, "Load model from x.onnx failed: Protobuf parsing failed.", ErrBadModel},
		"on the processor":      {CPU, "Load model from x.onnx failed: Protobuf parsing failed.", ErrBadModel},
		"the default processor": {"", driver, ErrBadModel},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.device.refused(errors.New(c.said)); !errors.Is(err, c.want) {
				t.Errorf("%v", err)
			}
		})
	}
}
