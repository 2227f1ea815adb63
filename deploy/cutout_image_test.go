package deploy

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// cutoutImage is what the cut-out service's image is made of.
type cutoutImage struct{ dockerfile, requirements, library, binding string }

func readCutoutImage(t *testing.T) cutoutImage {
	t.Helper()
	read := func(name string) string {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/yalue/onnxruntime_go").Output()
	if err != nil {
		t.Fatal(err)
	}
	return cutoutImage{
		dockerfile:   read("../ml/cutout/Dockerfile"),
		requirements: read("../ml/cutout/requirements-cuda.txt"),
		library:      read("../ml/cutout/cuda.sh"),
		binding:      read(filepath.Join(strings.TrimSpace(string(dir)), "onnxruntime_c_api.h")),
	}
}

// wheelsOf are the libraries that ONNX Runtime's CUDA provider loads, and what those load.
var wheelsOf = []string{
	"onnxruntime-gpu", "nvidia-cublas-cu12", "nvidia-cuda-nvrtc-cu12", "nvidia-cuda-runtime-cu12", "nvidia-cudnn-cu12", "nvidia-cufft-cu12",
	"nvidia-curand-cu12", "nvidia-nvjitlink-cu12",
}

var (
	pinned     = regexp.MustCompile(`^([a-z0-9-]+)==([0-9.]+)((?: --hash=sha256:[0-9a-f]{64})+)$`)
	apiVersion = regexp.MustCompile(`(?m)^#define ORT_API_VERSION (\d+)`)
)

// faults holds the image to what the service needs: OPAL's own image below it, the model and
// the libraries where the program looks for them, and every wheel by version and hash.
func (c cutoutImage) faults(reads []string) (found []string) {
	say := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	all := instructions(c.dockerfile)
	last := 0
	for i, in := range all {
		switch {
		case in.name == "FROM":
			last = i
			if !strings.HasPrefix(in.rest, "${") {
				say("a base image is not an argument: %s", in.rest)
			}
		case in.name == "ARG" && strings.HasPrefix(in.rest, "OPAL_IMAGE="):
			say("OPAL's image has a default: one of another day would be taken")
		case in.name == "ARG" && strings.HasPrefix(in.rest, "PYTHON_IMAGE=") && !regexp.MustCompile(`:3\.\d+-slim-bookworm(@sha256:[0-9a-f]{64})?$`).MatchString(in.rest):
			say("%s: the wheels are for one Python, and the libraries for bookworm's libc", in.rest)
		case in.name == "ADD" || in.name == "HEALTHCHECK":
			say("%s has no place here", in.name)
		case in.name == "COPY" && !strings.HasPrefix(in.rest, "--from"):
			paths := strings.Fields(in.rest)
			for _, p := range paths[:len(paths)-1] {
				if _, err := os.Stat("../ml/cutout/" + p); err != nil && p != "models" { // the operator's
					say("COPY %s: %v", p, err)
				}
			}
		}
	}
	final := all[last:]
	if final[0].rest != "${OPAL_IMAGE}" {
		say("the last stage is on %s, not on OPAL's image", final[0].rest)
	}
	env := map[string]string{}
	for _, in := range final {
		switch in.name {
		case "RUN":
			say("the last stage runs something: its base has no shell")
		case "USER", "ENTRYPOINT", "STOPSIGNAL":
			say("%s is OPAL's image's", in.name)
		case "ENV":
			for _, pair := range strings.Fields(in.rest) {
				k, v, _ := strings.Cut(pair, "=")
				env[k] = v
			}
		case "CMD":
			if in.rest != `["score", "--listen", ":8080"]` {
				say("it runs %s", in.rest)
			}
		case "EXPOSE":
			if in.rest != "8080" {
				say("EXPOSE is %s", in.rest)
			}
		}
	}
	for name, want := range map[string]string{
		"MODELS_DIR": "/opt/opal/models", "CUTOUT_ENGINE": "onnx", "SCORE_ENGINE": "cutout", "CUTOUT_DEVICE": "${DEVICE}", "LD_LIBRARY_PATH": "/opt/opal/lib",
		"NVIDIA_DRIVER_CAPABILITIES": "compute,utility",
	} {
		if env[name] != want {
			say("%s is %q, must be %q", name, env[name], want)
		}
		if strings.Contains(name, "_ENGINE") || strings.HasSuffix(name, "_DIR") {
			if !slices.Contains(reads, name) {
				say("the scoring service does not read %s", name)
			}
		}
	}
	has := func(name, rest string) bool { return slices.Contains(all, instruction{name, rest}) }
	if !has("COPY", "models "+env["MODELS_DIR"]) {
		say("the model is not where MODELS_DIR says")
	}
	if !has("COPY", "--from=runtime /out/ /opt/opal/") {
		say("the libraries are not beside the program")
	}
	if n := strings.Count(c.dockerfile, "\nARG DEVICE=cpu\n"); n != 2 {
		say("%d of the two stages know DEVICE", n)
	}
	if !strings.Contains(c.dockerfile, `elif [ "$DEVICE" != cpu ]; then`) {
		say("a DEVICE of none is built as cpu")
	}
	return append(found, c.wheelFaults()...)
}

func (c cutoutImage) wheelFaults() (found []string) {
	say := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	var there []string
	joined := regexp.MustCompile(`\s*\\\n\s*`).ReplaceAllString(c.requirements, " ")
	for line := range strings.Lines(joined) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		m := pinned.FindStringSubmatch(line)
		if m == nil {
			say("not a wheel by version and hash: %.60s", line)
			continue
		}
		there = append(there, m[1])
		if m[1] == "onnxruntime-gpu" {
			api := apiVersion.FindStringSubmatch(c.binding)
			minor, _ := strconv.Atoi(strings.Split(m[2], ".")[1])
			if api == nil {
				say("the binding names no version of ONNX Runtime's API")
			} else if needs, _ := strconv.Atoi(api[1]); minor < needs {
				say("onnxruntime-gpu %s has not the API %d that the program is built for", m[2], needs)
			}
			if !strings.HasPrefix(m[2], "1.") || minor > 26 {
				say("onnxruntime-gpu %s wants CUDA 13", m[2])
			}
		}
	}
	for _, name := range wheelsOf {
		if !slices.Contains(there, name) {
			say("%s is missing", name)
		}
	}
	for _, option := range []string{"--require-hashes", "--no-deps", "--only-binary :all:"} {
		if !strings.Contains(c.library, option) {
			say("cuda.sh: without %s something else could be installed", option)
		}
	}
	return found
}

func TestTheCutoutImage(t *testing.T) {
	image, reads := readCutoutImage(t), codeReads(t)["score"]
	for _, f := range image.faults(reads) {
		t.Error(f)
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"another base":            {"FROM ${OPAL_IMAGE}", "FROM debian:12", "not an argument"},
		"on the builder":          {"FROM ${OPAL_IMAGE}", "FROM ${PYTHON_IMAGE}", "not on OPAL's image"},
		"a base of its own":       {"ARG OPAL_IMAGE\n", "ARG OPAL_IMAGE=opal:latest\n", "of another day"},
		"a newer libc":            {"3.12-slim-bookworm", "3.12-slim-trixie", "bookworm's libc"},
		"root":                    {"EXPOSE 8080", "USER 0:0\nEXPOSE 8080", "USER is OPAL's image's"},
		"a shell":                 {"EXPOSE 8080", "RUN true\nEXPOSE 8080", "no shell"},
		"another command":         {`["score", "--listen", ":8080"]`, `["orchestrate"]`, "it runs"},
		"another port":            {"EXPOSE 8080", "EXPOSE 80", "EXPOSE is 80"},
		"a model elsewhere":       {"COPY models /opt/opal/models", "COPY models /models", "where MODELS_DIR says"},
		"scenes, not cut-outs":    {"SCORE_ENGINE=cutout", "SCORE_ENGINE=studio", "SCORE_ENGINE is"},
		"always a card":           {"CUTOUT_DEVICE=${DEVICE}", "CUTOUT_DEVICE=cuda", "CUTOUT_DEVICE is"},
		"libraries elsewhere":     {"/out/ /opt/opal/", "/out/ /usr/", "not beside the program"},
		"no driver":               {"NVIDIA_DRIVER_CAPABILITIES=compute,utility", "NVIDIA_DRIVER_CAPABILITIES=video", "NVIDIA_DRIVER_CAPABILITIES is"},
		"libraries not found":     {"LD_LIBRARY_PATH=/opt/opal/lib", "LD_LIBRARY_PATH=/usr/lib", "LD_LIBRARY_PATH is"},
		"a stage without DEVICE":  {"AS runtime\nARG DEVICE=cpu\n", "AS runtime\n", "know DEVICE"},
		"a device of none":        {`elif [ "$DEVICE" != cpu ]; then`, `elif false; then`, "of none is built"},
		"a script that is gone":   {"COPY cuda.sh", "COPY nvidia.sh", "COPY nvidia.sh"},
		"a wheel without a hash":  {"onnxruntime-gpu==1.26.0 \\\n    --hash=sha256:3c01119ed4d9449d60367fa8ccffcd02bd3fe736754284e4b198d131f54edad6", "onnxruntime-gpu==1.26.0", "by version and hash"},
		"a version left open":     {"nvidia-cufft-cu12==11.4.1.4", "nvidia-cufft-cu12>=11", "by version and hash"},
		"from somewhere else":     {"onnxruntime-gpu==1.26.0", "--index-url https://example.com/simple\nonnxruntime-gpu==1.26.0", "by version and hash"},
		"a library left out":      {"nvidia-curand-cu12==", "nvidia-curand-cu11==", "nvidia-curand-cu12 is missing"},
		"a runtime for CUDA 13":   {"onnxruntime-gpu==1.26.0", "onnxruntime-gpu==1.27.0", "wants CUDA 13"},
		"a runtime that is old":   {"onnxruntime-gpu==1.26.0", "onnxruntime-gpu==1.18.0", "has not the API"},
		"a binding that is newer": {"#define ORT_API_VERSION 2", "#define ORT_API_VERSION 9", "has not the API"},
		"hashes not asked for":    {"--require-hashes", "", "without --require-hashes"},
		"what wheels ask for":     {"--no-deps", "", "without --no-deps"},
	} {
		t.Run(name, func(t *testing.T) {
			swap := func(text string) string { return strings.Replace(text, c.old, c.new, 1) }
			planted := cutoutImage{swap(image.dockerfile), swap(image.requirements), swap(image.library), swap(image.binding)}
			if planted == image {
				t.Fatalf("nothing holds %q", c.old)
			}
			if found := strings.Join(planted.faults(reads), "\n"); !strings.Contains(found, c.want) {
				t.Errorf("found %q", found)
			}
		})
	}
}

// cuda.sh lays the libraries out as the program looks for them, and ends where one is
// missing that only a card's driver does not bring.
func TestCudaLibrariesAreLaidOut(t *testing.T) {
	python := `for last; do :; done
while [ "$1" != --target ]; do shift; done; to=$2
mkdir -p $to/onnxruntime/capi $to/nvidia/cublas/lib $to/nvidia/cufft/lib $to/nvidia_cublas_cu12.dist-info/licenses
cd $to
echo run >onnxruntime/capi/libonnxruntime.so.1.26.0
[ "$FAULT" = providers ] || echo c >onnxruntime/capi/libonnxruntime_providers_cuda.so
echo s >onnxruntime/capi/libonnxruntime_providers_shared.so
echo MIT >onnxruntime/LICENSE; echo terms >nvidia_cublas_cu12.dist-info/licenses/License.txt
for l in libcublas.so.12 libnvblas.so.12; do echo $l >nvidia/cublas/lib/$l; done
for l in libcufft.so.11 libcufftw.so.11; do echo $l >nvidia/cufft/lib/$l; done
[ "$FAULT" != pip ]`
	ldd := `echo '	libcuda.so.1 => not found'
[ "$FAULT" != library ] || echo '	libcudnn.so.9 => not found'
echo '	libcublas.so.12 => /x/libcublas.so.12'`
	for _, c := range []struct{ fault, says string }{
		{"", ""}, {"library", "lacks what holds: 	libcudnn.so.9"}, {"providers", "providers_cuda"}, {"pip", ""},
	} {
		t.Run("fault "+c.fault, func(t *testing.T) {
			if testing.Short() {
				t.Skip("not among the short tests: it starts scripts")
			}
			dir := t.TempDir()
			for name, body := range map[string]string{"python3": python, "ldd": ldd} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+body+"\n"), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			out := filepath.Join(t.TempDir(), "out")
			cmd := exec.CommandContext(t.Context(), "sh", "../ml/cutout/cuda.sh", out)
			cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "FAULT="+c.fault)
			said, err := cmd.CombinedOutput()
			if (err == nil) != (c.fault == "") || !strings.Contains(string(said), c.says) {
				t.Fatalf("%v: %s", err, said)
			}
			if c.fault != "" {
				return
			}
			var there []string
			entries, err := os.ReadDir(filepath.Join(out, "lib"))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				there = append(there, e.Name())
			}
			want := []string{
				"LICENSE-onnxruntime", "LICENSES-nvidia", "libcublas.so.12", "libcufft.so.11", "libonnxruntime.so.1", "libonnxruntime_providers_cuda.so",
				"libonnxruntime_providers_shared.so",
			}
			if !slices.Equal(there, want) {
				t.Errorf("laid out are %v", there)
			}
			if b, err := os.ReadFile("../modules/pipeline/onnx/library.go"); err != nil || !strings.Contains(string(b), `"libonnxruntime.so.1"`) {
				t.Errorf("the program looks for another name: %v", err)
			}
		})
	}
}
