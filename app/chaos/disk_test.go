package chaos_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/opal-photo/opal/app/apptest"
	"github.com/opal-photo/opal/modules/db"
)

// TestChaosDiskFull fills the disk of state and pictures. It mounts a disk of its
// own, which needs root: run `make chaos` as root.
func TestChaosDiskFull(t *testing.T) {
	if testing.Short() {
		t.Skip("not among the short tests: it starts a fleet")
	}
	if !*full {
		return // tests run as anybody
	}
	t.Parallel()
	exe := chaosBuild(t)
	small := apptest.Photo(t, 160, 120)
	disk := filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=256m"); err != nil {
		t.Skipf("no disk can be mounted: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	addr := apptest.FreeAddr(t)
	data := filepath.Join(disk, "state")
	f := &fleet{t: t, exe: exe, members: map[string]*member{}, api: apptest.Client{T: t, Base: "http://" + addr}, env: chaosSettings}
	f.run("dev", "", "dev", "--engine", "stub", "--data", data, "--listen", addr)
	defer f.abandon()
	f.api.WaitReady()
	jobs := []string{f.send("before", chaosItems, small)}
	f.finish(jobs[0])

	ballast := filepath.Join(disk, "ballast")
	under := f.send("under-way", chaosItems, small)
	fill(t, ballast)
	// work that can't be stored is refused with an error, and no process ends
	refused := map[int]int{}
	var last string
	for range 20 {
		code, answer, err := f.once(http.MethodPost, f.api.Base+"/v1/jobs", "", []byte(`{"items":[{"filename":"a.jpg"}]}`), nil)
		if err != nil {
			t.Errorf("on a full disk: %v", err)
		}
		refused[code]++
		if code >= 400 {
			last = string(answer)
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Logf("on a full disk: %v, such as %s", refused, last)
	if strings.Contains(last, `"internal"`) {
		t.Errorf("a full disk is called an internal error: %s", last)
	}
	var all sync.WaitGroup
	jobs = append(jobs, under, "", "")
	for i := range 2 {
		all.Go(func() { jobs[2+i] = f.send(fmt.Sprint("full-", i), chaosItems, small) })
	}
	time.Sleep(faultLength())
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	freed := time.Now()
	all.Wait()
	for _, j := range jobs {
		if got := f.finish(j); got.Status != "completed" {
			t.Errorf("job %s ended %s", j, got.Status)
		}
	}
	took := time.Since(freed)
	if took > faultRecovery {
		t.Errorf("recovery took %s", took)
	}
	if n := len(f.deaths()) + len(f.exits()); n > 0 {
		t.Errorf("%d processes ended", n)
	}
	f.stop()
	// jobs accepted while it was full have no photo, and this test ignores them
	fmt.Printf("\n| fault | items | recovery |\n| --- | ---: | ---: |\n| disk full for %s | %d | %.1f s |\n\n", faultLength(), len(jobs)*chaosItems, took.Seconds())
	if got := refused[http.StatusOK]; got == 0 {
		f.check(db.SQLiteURL(filepath.Join(data, "opal.db")), jobs, len(jobs)*chaosItems, due{})
	}
}

// fill writes until nothing more goes.
func fill(t *testing.T, path string) {
	t.Helper()
	w, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, size := range []int{1 << 20, 4 << 10, 1} {
		for block := make([]byte, size); ; {
			if _, err := w.Write(block); err != nil {
				break
			}
		}
	}
}
