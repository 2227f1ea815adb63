package batch

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"

	"github.com/gofrs/flock"

	"github.com/opal-photo/opal/modules/fault"
)

// folder is where a run writes. Names in it are slash-separated and relative; no
// link leads out of it. A file appears under its name when it is whole.
type folder struct {
	dir   string   // as the caller named it
	root  *os.Root // nil while there is no folder
	force bool     // overwrite what OPAL didn't make
	own   own

	mu     sync.Mutex
	closed bool
	made   map[string]bool // by this run
}

var errNoFolder = fault.New(fault.Invalid, "out_missing", "The folder for the results has no name; give one with --out")

// openFolder opens the folder, and makes it where it is missing and create says so.
func openFolder(dir string, create, force bool, known own) (*folder, error) {
	f := &folder{dir: dir, force: force, own: known, made: map[string]bool{}}
	if !create && dir != "" && !exists(dir) {
		return f, nil
	}
	if dir == "" {
		return nil, errNoFolder
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder for the results: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the folder for the results: %w", err)
	}
	f.root = root
	return f, nil
}

// lockFolder makes the folder and takes it for this run: of two at the same time each would leave a report
// without the other's photos. The folder itself is locked, so that no file is left in it, and a killed run leaves no
// lock. A file system without locks, or a folder that can't be made, has none: writing says what is wrong with it.
func lockFolder(dir string) (unlock func(), err error) {
	unlock = func() {}
	if dir == "" || os.MkdirAll(dir, 0o755) != nil {
		return unlock, nil
	}
	l := flock.New(dir, flock.SetFlag(os.O_RDONLY))
	switch got, err := l.TryLock(); {
	case err != nil:
	case !got:
		return nil, ErrInUse.With("%s", dir)
	default:
		unlock = func() { _ = l.Unlock() }
	}
	return unlock, nil
}

// shown is a name as a person at the terminal finds it.
func (f *folder) shown(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

// free fails when a name can't be written: something that OPAL didn't make is there.
func (f *folder) free(name string) error {
	if f.root == nil {
		return nil
	}
	info, err := f.root.Lstat(filepath.FromSlash(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		// a file where a folder should be, or a link that leads out
		return ErrOutputExists.With("%s", f.shown(name))
	case info.IsDir():
		return ErrOutputExists.With("%s is a folder", f.shown(name))
	case f.force:
		return nil
	case !info.Mode().IsRegular():
		return ErrOutputExists.With("%s", f.shown(name))
	}
	f.mu.Lock()
	mine := f.made[name]
	f.mu.Unlock()
	if mine {
		return nil
	}
	b, err := f.read(name)
	if err != nil || !f.own.holds(b, hashOf(b)) {
		return ErrOutputExists.With("%s", f.shown(name))
	}
	return nil
}

// maxResult bounds what is read of a file that is in the way.
const maxResult = 256 << 20

func (f *folder) read(name string) ([]byte, error) {
	info, err := f.root.Stat(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxResult {
		return nil, ErrNotAFile
	}
	return f.root.ReadFile(filepath.FromSlash(name))
}

// write puts a file under its name, whole or not at all. Errors: ErrOutputExists,
// ErrNotWritten, and ErrInterrupted once the run is over.
func (f *folder) write(name string, b []byte) error {
	if err := f.free(name); err != nil {
		return err
	}
	dir := filepath.FromSlash(path.Dir(name))
	if err := f.root.MkdirAll(dir, 0o755); err != nil {
		return ErrNotWritten.With("%v", err)
	}
	temp := filepath.Join(dir, ".opal-"+rand.Text()+".part")
	err := f.root.WriteFile(temp, b, 0o644)
	if err == nil {
		err = f.place(temp, name)
	}
	if err != nil {
		_ = f.root.Remove(temp)
		if errors.Is(err, ErrInterrupted) {
			return err
		}
		return ErrNotWritten.With("%v", err)
	}
	return nil
}

// take removes a file of OPAL's own that an earlier run left, and its folders once they are empty. What OPAL didn't
// make stays, and so does the photo that is worked on, whose hash is given.
func (f *folder) take(name, photo string) {
	info, err := f.root.Lstat(filepath.FromSlash(name))
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	b, err := f.read(name)
	if err != nil {
		return
	}
	if hash := hashOf(b); hash == photo || !f.own.holds(b, hash) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || f.made[name] {
		return
	}
	_ = f.root.Remove(filepath.FromSlash(name))
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if f.root.Remove(filepath.FromSlash(dir)) != nil { // not empty
			return
		}
	}
}

// place renames under the lock, so that nothing appears after the run is over.
func (f *folder) place(temp, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return ErrInterrupted
	}
	f.made[name] = true
	return f.root.Rename(temp, filepath.FromSlash(name))
}

// close ends all writing. A file that is being written by then never appears.
func (f *folder) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
}
