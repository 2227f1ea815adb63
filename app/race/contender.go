package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/imaging"
)

// variants is OPAL's way to a photo's variants.
func variants(k kind, f imaging.Format) contender {
	return own("variants-"+string(f)+"-"+string(k), k)
}

// own is work that this program does with the rooms' own functions, in a process of its own.
func own(name string, k kind) contender {
	return func(ctx context.Context, t *track) (command, error) {
		photos, err := t.photosOf(ctx, k)
		return command{args: []string{t.self, "--profile", t.profile, name, photos, t.out("ours")}}, err
	}
}

func sharpVariants(k kind, f imaging.Format, how string) contender {
	return node("variants-"+string(f)+"-"+how, k)
}

// node is work of the script that uses sharp, on one thread as ours.
func node(name string, k kind) contender {
	return func(ctx context.Context, t *track) (command, error) {
		photos, err := t.photosOf(ctx, k)
		return command{args: []string{"node", filepath.Join(t.peers, "sharp.js"), name, photos, t.out("theirs"), sidesOf(k)}}, err
	}
}

// sidesOf lists a kind's sides as the script reads them.
func sidesOf(k kind) string {
	var all []string
	for _, side := range sides[k] {
		all = append(all, strconv.Itoa(side))
	}
	return strings.Join(all, ",")
}

func studioCutouts(ctx context.Context, t *track) (command, error) {
	photos, err := t.photosOf(ctx, large)
	return command{
		args: []string{t.opal, "cutout", photos, "--out", t.out("ours"), "--quiet"},
		env:  []string{"CUTOUT_ENGINE=studio", "REVIEW_BELOW=0"},
		dir:  t.dir,
	}, err
}

func grabCutouts(ctx context.Context, t *track) (command, error) {
	photos, err := t.photosOf(ctx, large)
	return command{args: []string{t.python, filepath.Join(t.peers, "grabcut.py"), photos, t.out("theirs")}, env: []string{"OMP_NUM_THREADS=1"}}, err
}

// lacks says that `make race` hasn't built something; "" where it has.
func lacks(name string) func(*track) string {
	return func(t *track) string {
		if _, err := os.Stat(filepath.Join(t.build, name)); err != nil {
			return "`make race` has not built " + name
		}
		return ""
	}
}

// lacksModel says what rembg and OPAL need to run the same network.
func lacksModel(t *track) string {
	if t.model == "" {
		return "it needs ISNet's ONNX file: `RACE_MODEL=FILE make race`"
	}
	if _, err := os.Stat(t.rembg); err != nil {
		return "rembg is not installed: `make race` does it"
	}
	return ""
}

// modelCutouts runs the network as `opal cutout` does, added to a store of models before.
func modelCutouts(ctx context.Context, t *track) (command, error) {
	photos, err := t.photosOf(ctx, medium)
	if err != nil {
		return command{}, err
	}
	models := filepath.Join(t.dir, "models")
	env := []string{"CUTOUT_ENGINE=onnx", "REVIEW_BELOW=0", "MODELS_DIR=" + models}
	if library, err := filepath.Glob(filepath.Join(t.build, "onnxruntime", "lib", "libonnxruntime.*")); err == nil && len(library) > 0 {
		env = append(env, "CUTOUT_RUNTIME="+library[0])
	}
	if _, err := os.Stat(models); err != nil {
		if _, err := measure(ctx, command{args: []string{t.opal, "models", "add", t.model, "--as", "isnet", "--accept-licence"}, env: env, dir: t.dir}, false); err != nil {
			return command{}, err
		}
	}
	return command{args: []string{t.opal, "cutout", photos, "--out", t.out("ours"), "--quiet"}, env: env, dir: t.dir}, nil
}

func rembgCutouts(ctx context.Context, t *track) (command, error) {
	photos, err := t.photosOf(ctx, medium)
	return t.scripted("rembg_cutouts.py", photos, t.out("theirs"), t.model), err
}

// scripted is a script of rembg's, on one thread and with no hub to ask.
func (t *track) scripted(script string, args ...string) command {
	return command{
		args: append([]string{t.rembg, filepath.Join(t.peers, script)}, args...),
		env:  []string{"OMP_NUM_THREADS=1", "HF_HUB_OFFLINE=1", "U2NET_HOME=" + filepath.Dir(t.model)}, // the folder that it takes models from
	}
}

func service(ctx context.Context, t *track) (command, error) {
	photos, err := t.photosOf(ctx, medium)
	return command{args: []string{t.self, "service", t.opal, photos, t.out("ours")}}, err
}

func steps(ctx context.Context, t *track) (command, error) {
	photos, err := t.photosOf(ctx, medium)
	return command{
		args: []string{t.opal, "process", photos, "--out", t.out("theirs"), "--scene", oneScene, "--jobs", "1", "--quiet"},
		env:  []string{"CUTOUT_ENGINE=studio", "REVIEW_BELOW=0"}, dir: t.dir, takes: rejected,
	}, err
}

// rejected is the exit code of `opal process` where a channel refuses a variant of a drawn photo.
const rejected = 1

func processed(ctx context.Context, t *track) (command, error) {
	photos, err := t.photosOf(ctx, medium)
	return command{
		args: []string{t.opal, "process", photos, "--out", t.out("ours"), "--scene", oneScene, "--quiet"},
		env:  []string{"CUTOUT_ENGINE=own", "REVIEW_BELOW=0"}, dir: t.dir, takes: rejected,
	}, err
}

func pythonWorker(ctx context.Context, t *track) (command, error) {
	photos, err := t.photosOf(ctx, medium)
	if err != nil {
		return command{}, err
	}
	presets := filepath.Join(t.dir, "presets.json")
	var all []channel.Preset
	for _, name := range channel.Defaults() {
		p, _ := channel.Find(name)
		all = append(all, p)
	}
	b, err := json.Marshal(all)
	if err != nil {
		return command{}, err
	}
	return t.scripted("worker.py", photos, t.out("theirs"), t.model, presets), os.WriteFile(presets, b, 0o600)
}

func calls(ctx context.Context, t *track) (command, error) {
	o, err := t.openedOffice(ctx)
	if err != nil {
		return command{}, err
	}
	return command{args: []string{t.self, "posts", o.server.base, strconv.Itoa(t.photos)}}, nil
}

func bareInserts(ctx context.Context, t *track) (command, error) {
	o, err := t.openedOffice(ctx)
	if err != nil {
		return command{}, err
	}
	return command{args: []string{t.self, "inserts", o.postgres.URL, o.job, strconv.Itoa(t.photos)}}, nil
}

func ownMessages(_ context.Context, t *track) (command, error) {
	return command{args: []string{t.self, "messages", t.out("ours"), strconv.Itoa(t.photos)}}, nil
}

func goqite(_ context.Context, t *track) (command, error) {
	return command{args: []string{filepath.Join(t.build, "race-goqite"), t.out("theirs"), strconv.Itoa(t.photos), messageBody}}, nil
}

// backlog runs the benchmark of package job as it was built in a folder, from the sources in
// another ("": these).
func backlog(built, sources string) contender {
	return func(_ context.Context, t *track) (command, error) {
		dir := filepath.Join(t.build, "..", "modules", "job")
		if sources != "" {
			dir = filepath.Join(t.build, sources, "modules", "job")
		}
		return command{
			args: []string{filepath.Join(t.build, built+".test"), "-test.run", "^$", "-test.bench", "Backlog/sqlite", "-test.benchtime", "1x", "-test.timeout", "2h"},
			env:  []string{"OPAL_BACKLOG_ITEMS=" + strconv.Itoa(t.photos)}, dir: dir,
		}, nil
	}
}

func sharpTwo(ctx context.Context, t *track) (command, error) {
	c, err := node("two-"+string(imaging.JPEG)+"-shared", large)(ctx, t)
	c.env = append(c.env, "UV_THREADPOOL_SIZE=2")
	return c, err
}

// filesOf lists what lies in a folder.
func filesOf(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	var out []string
	for _, e := range entries {
		if !e.IsDir() {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out, err
}
