package onnx

import (
	"strings"
	"testing"
)

// The texts are ONNX Runtime 1.30's.
func TestTheRuntimesWordsAreForPeople(t *testing.T) {
	const provider = "/onnxruntime_src/onnxruntime/core/session/provider_bridge_ort.cc:2210 onnxruntime::Provider& onnxruntime::ProviderLibrary::Get() " +
		"[ONNXRuntimeError] : 1 : FAIL : Failed to load library libonnxruntime_providers_cuda.so with error: libcublasLt.so.12: cannot open shared object file: No such file or directory"
	for name, c := range map[string]struct{ said, want string }{
		"a line of its log, three times": {
			strings.Repeat("\x1b[1;31m2026-11-29 08:10:11.123 [E:onnxruntime:, provider_bridge_ort.cc:2210 TryGetProviderInfo_CUDA] "+provider+"\x1b[m\n", 3),
			"Failed to load library libonnxruntime_providers_cuda.so with error: libcublasLt.so.12: cannot open shared object file: No such file or directory",
		},
		"a provider": {
			"OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library", "Failed to load shared library",
		},
		"a library": {
			`Platform-specific initialization failed: Error loading ONNX shared library "/etc/passwd": /etc/passwd: invalid ELF header`, "/etc/passwd: invalid ELF header",
		},
		"a card": {
			"Error creating C session from file: /onnxruntime_src/onnxruntime/core/providers/cuda/cuda_call.cc:122 CUDA failure 35: CUDA driver version is insufficient",
			"Error creating C session from file: CUDA failure 35: CUDA driver version is insufficient",
		},
		"a model":        {"it is no ONNX file, or a damaged one", "it is no ONNX file, or a damaged one"},
		"nothing":        {"", ""},
		"without an end": {strings.Repeat("x", 5000), strings.Repeat("x", mostWords) + " ..."},
	} {
		t.Run(name, func(t *testing.T) {
			if got := plainWords(c.said); got != c.want {
				t.Errorf("%q\nnot\n%q", got, c.want)
			}
		})
	}
}
