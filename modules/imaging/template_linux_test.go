package imaging

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/imagefile/imagefiletest"
	"github.com/opal-photo/opal/modules/sandbox"
)

// processes are a worker's children by what their file 3 is: a template has its socket there,
// a decoding child the shared file.
type processes struct{ templates, children []int }

// kids lists this process's own.
func kids(t testing.TB) (out processes) {
	t.Helper()
	out, err := kidsOf(os.Getpid())
	if errors.Is(err, os.ErrPermission) {
		t.Skip("only root looks into a process that can't be inspected")
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func kidsOf(parent int) (out processes, err error) {
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
	if err != nil {
		return out, err
	}
	for _, name := range lists {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // the thread has ended
		}
		for _, text := range strings.Fields(string(b)) {
			pid, err := strconv.Atoi(text)
			if err != nil {
				return out, err
			}
			what, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/3", pid))
			switch {
			case errors.Is(err, os.ErrNotExist): // it is ending
			case err != nil:
				return out, err
			case strings.HasPrefix(what, "socket:"):
				out.templates = append(out.templates, pid)
			case strings.Contains(what, "opal-child"):
				out.children = append(out.children, pid)
			}
		}
	}
	return out, nil
}

// eventually waits until it is so.
func eventually(t testing.TB, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !so(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}

// theTemplate waits for the one template and the child that waits beside it.
func theTemplate(t testing.TB) (template, spare int) {
	t.Helper()
	var all processes
	eventually(t, "a template and a child that waits", func() bool {
		all = kids(t)
		return len(all.templates) == 1 && len(all.children) == 1
	})
	return all.templates[0], all.children[0]
}

// filesOf lists the open files of a process by number.
func filesOf(t testing.TB, pid int) (out []string) {
	t.Helper()
	all, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		out = append(out, e.Name())
	}
	return out
}

// smallPicture takes no time, slowPicture long enough to look at its child.
func smallPicture(t testing.TB) []byte {
	return imagefiletest.JPEG(t, imagefiletest.Photo(64, 48, 1))
}

func slowPicture(t testing.TB) []byte {
	png := encode(t, imagefiletest.Photo(4000, 3000, 1), EncodeOptions{Format: PNG, Effort: 1})
	profile := imagefiletest.GammaProfile("RGB ", imagefiletest.P3Primaries, 2.2)
	return imagefiletest.WithChunk(png, imagefiletest.Chunk("iCCP", append([]byte("p3\x00\x00"), imagefiletest.Deflate(t, profile)...)))
}

// working starts to decode a slow picture and returns its child once that has given up all that
// it doesn't need, and where the result comes.
func working(t *testing.T, d *Decoder, slow []byte) (child int, done <-chan error) {
	t.Helper()
	result := make(chan error, 1)
	go func() {
		_, _, err := d.Decode(t.Context(), slow)
		result <- err
	}()
	return confinedChild(t, 0), result
}

// confinedChild waits for a child that works, another than that which has been.
func confinedChild(t *testing.T, other int) (child int) {
	t.Helper()
	eventually(t, "a child that works", func() bool {
		for _, pid := range kids(t).children {
			if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid)); err == nil && pid != other && limitsIn(b)["Max open files"] == "0" {
				child = pid
				return true
			}
		}
		return false
	})
	return child
}

// limitsIn reads /proc/PID/limits.
func limitsIn(b []byte) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(string(b)) {
		const name = 26 // bytes
		if len(line) > name {
			out[strings.TrimSpace(line[:name])], _, _ = strings.Cut(line[name:], " ")
		}
	}
	return out
}

func signal(t testing.TB, pid int, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		t.Error(err)
	}
}

// Each picture has a process of its own, which a template has forked, and nobody's files are
// open in it but its own four.
func TestChildrenAreForked(t *testing.T) {
	d := newDecoder(t, DecoderOptions{Concurrency: 1})
	small, damaged := smallPicture(t), smallPicture(t)
	damaged = damaged[:len(damaged)-len(damaged)/3]
	decode(t, d, small)
	template, spare := theTemplate(t)
	before := len(filesOf(t, os.Getpid()))
	for range 12 {
		was := spare
		decode(t, d, small)
		if _, _, err := d.Decode(t.Context(), damaged); !errors.Is(err, ErrCorrupt) {
			t.Error(err)
		}
		var now int
		if now, spare = theTemplate(t); now != template || spare == was {
			t.Fatalf("template %d and child %d, after %d and %d", now, spare, template, was)
		}
	}
	want := []string{"0", "1", "2", "3"}
	if got := filesOf(t, spare); !slices.Equal(got, want) {
		t.Errorf("a child's files: %v", got)
	}
	if got := filesOf(t, template); !slices.Equal(got, want) {
		t.Errorf("the template's files: %v", got)
	}
	if after := len(filesOf(t, os.Getpid())); after > before {
		t.Errorf("%d files of this process were open and are %d", before, after)
	}
}

func TestAForkedChildIsConfined(t *testing.T) {
	d := newDecoder(t, DecoderOptions{Concurrency: 1})
	child, done := working(t, d, slowPicture(t))
	signal(t, child, syscall.SIGSTOP)
	var status []byte
	eventually(t, "the filter of system calls", func() bool {
		var err error
		if status, err = os.ReadFile(fmt.Sprintf("/proc/%d/status", child)); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(status, []byte("Seccomp:\t2")) {
			return true
		}
		signal(t, child, syscall.SIGCONT) // it was stopped before
		signal(t, child, syscall.SIGSTOP)
		return false
	})
	if !bytes.Contains(status, []byte("NoNewPrivs:\t1")) || !bytes.Contains(status, []byte("Seccomp_filters:\t1")) {
		t.Errorf("%s", status)
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", child))
	if err != nil {
		t.Fatal(err)
	}
	limits := limitsIn(b)
	for name, want := range map[string]string{"Max open files": "0", "Max file size": "0", "Max core file size": "0", "Max cpu time": "11"} {
		if limits[name] != want {
			t.Errorf("%s: %q, want %s", name, limits[name], want)
		}
	}
	const most = memoryBase + 4000*3000*memoryPerPixel + 1<<30
	if n, err := strconv.ParseInt(limits["Max address space"], 10, 64); err != nil || n > most {
		t.Errorf("address space %d, %v", n, err)
	}
	signal(t, child, syscall.SIGCONT)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A picture that crashes its child, or keeps it for ever, costs itself: the next one finds a
// child of a new template.
func TestAHostilePictureCostsItself(t *testing.T) {
	slow, small := slowPicture(t), smallPicture(t)
	t.Run("a crash", func(t *testing.T) {
		d := newDecoder(t, DecoderOptions{Concurrency: 1})
		decode(t, d, small)
		template, _ := theTemplate(t)
		child, done := working(t, d, slow)
		signal(t, child, syscall.SIGSEGV)
		again := confinedChild(t, child)
		signal(t, again, syscall.SIGSEGV)
		err := <-done
		if !errors.Is(err, ErrDecoderDied) || Deaths(err) != 2 || !strings.Contains(err.Error(), "segmentation fault") {
			t.Errorf("%v", err)
		}
		decode(t, d, small)
		decode(t, d, small)
		if now, _ := theTemplate(t); now == template {
			t.Error("the children's template is the one before")
		}
	})
	t.Run("no end", func(t *testing.T) {
		d := newDecoder(t, DecoderOptions{Concurrency: 1, Timeout: 3 * time.Second})
		child, done := working(t, d, slow)
		signal(t, child, syscall.SIGSTOP)
		if err := <-done; !errors.Is(err, ErrDecoderDied) || Deaths(err) != 1 {
			t.Errorf("%v", err)
		}
		decode(t, d, small)
	})
	t.Run("memory", func(t *testing.T) {
		d := newDecoder(t, DecoderOptions{Concurrency: 1, MemoryLimit: 20 << 20})
		if _, _, err := d.Decode(t.Context(), slow); !errors.Is(err, ErrDecoderDied) {
			t.Errorf("%v", err)
		}
		decode(t, d, small)
	})
}

// No memory of the template, of which children are copies, nor of the child that waits holds
// anything of a picture, not even the part that is sent beside it.
func TestTheTemplateSeesNoPicture(t *testing.T) {
	d := newDecoder(t, DecoderOptions{Concurrency: 1})
	secret := make([]byte, 64)
	r := rand.NewChaCha8([32]byte{7})
	_, _ = r.Read(secret)
	profile := slices.Concat(imagefiletest.GammaProfile("RGB ", imagefiletest.P3Primaries, 2.2), secret)
	jpg := imagefiletest.WithSegments(smallPicture(t), imagefiletest.Segment(imagefiletest.APP2, []byte(imagefiletest.JPEGICC), []byte{1, 1}, profile))
	for range 3 {
		decode(t, d, jpg)
	}
	template, spare := theTemplate(t)
	for _, pid := range []int{template, spare} {
		if !holds(t, pid, []byte(sandbox.TemplateMarker+"=1")) {
			t.Fatal("what is there isn't found")
		}
		if holds(t, pid, secret) {
			t.Error("the picture's profile is found")
		}
	}
}

// holds looks for bytes in all memory of a process that it can write to.
func holds(t *testing.T, pid int, wanted []byte) bool {
	t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Skip(err)
	}
	defer mem.Close()
	for line := range strings.Lines(string(maps)) {
		var from, to int64
		var mode string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &mode); err != nil || !strings.HasPrefix(mode, "rw") {
			continue
		}
		b := make([]byte, to-from)
		if _, err := mem.ReadAt(b, from); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if bytes.Contains(b, wanted) {
			return true
		}
	}
	return false
}

// A template that has ended, and one that has had its number of children, is followed by
// another.
func TestTemplatesAreReplaced(t *testing.T) {
	t.Run("one that has ended", func(t *testing.T) {
		d := newDecoder(t, DecoderOptions{Concurrency: 1})
		small := smallPicture(t)
		decode(t, d, small)
		template, _ := theTemplate(t)
		signal(t, template, syscall.SIGKILL)
		for range 3 {
			decode(t, d, small)
		}
		if now, _ := theTemplate(t); now == template {
			t.Error("it is there")
		}
	})
	t.Run("one that has had its children", func(t *testing.T) {
		d := NewDecoder(DecoderOptions{Concurrency: 1})
		defer closeDecoder(t, d)
		d.pool = sandbox.New(sandbox.Options{Kind: ChildKind, Concurrency: 1, Forks: 2})
		seen := map[int]bool{}
		for range 5 {
			decode(t, d, smallPicture(t))
			template, _ := theTemplate(t)
			seen[template] = true
		}
		if len(seen) != 3 {
			t.Errorf("five pictures and the child that waits had the templates %v", slices.Collect(maps.Keys(seen)))
		}
	})
}

// A worker that is killed leaves neither a template nor a child behind.
func TestForkedChildrenEndWithTheirWorker(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, hostArgument)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	var all processes
	eventually(t, "a template and a child", func() bool {
		if all, err = kidsOf(cmd.Process.Pid); errors.Is(err, os.ErrPermission) {
			t.Skip("only root looks into a process that can't be inspected")
		}
		return len(all.templates) == 1 && len(all.children) == 1
	})
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	eventually(t, "their end", func() bool {
		for _, pid := range slices.Concat(all.templates, all.children) {
			if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && !bytes.Contains(b, []byte(") Z ")) {
				return false
			}
		}
		return true
	})
}
