package dbtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/db"
)

// urlVariable names a server to use instead of starting one:
// postgres://user:password@127.0.0.1:5432/postgres?sslmode=disable
const urlVariable = "OPAL_TEST_POSTGRES_URL"

var errNoPostgres = errors.New("no PostgreSQL binaries found: install them (Debian: apt-get install postgresql; macOS: brew install postgresql), " +
	"or set " + urlVariable)

// shared is the one server of this test process.
var shared = sync.OnceValues(func() (string, error) {
	if u := os.Getenv(urlVariable); u != "" {
		return u, nil
	}
	s, err := StartServer("")
	if err != nil {
		return "", err
	}
	return s.URL, nil
})

func serverURL(t testing.TB) string {
	t.Helper()
	if testing.Short() {
		t.Skip("not among the short tests: it starts Postgres")
	}
	u, err := shared()
	if errors.Is(err, errNoPostgres) && os.Getenv("OPAL_REQUIRE_ALL") != "1" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// Server is a throwaway Postgres on a loopback port.
type Server struct {
	URL  string // of its database "postgres"
	dir  string
	port int
	bin  string
	cred *syscall.Credential
	quit chan struct{}
	done chan struct{}
}

// StartServer starts a Postgres whose data lives in dir ("": a folder of its
// own that Stop removes). It ends with the test process at the latest.
func StartServer(dir string) (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, dir: dir}
	if s.cred, err = credential(); err != nil {
		return nil, err
	}
	if s.dir == "" {
		removeAbandoned()
		if s.dir, err = os.MkdirTemp("", fmt.Sprintf("%s%d-", dirPrefix, os.Getpid())); err != nil {
			return nil, err
		}
	}
	if s.cred != nil {
		if err := os.Chown(s.dir, int(s.cred.Uid), int(s.cred.Gid)); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return nil, err
	}
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", s.data(), "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
	initdb.Dir, initdb.SysProcAttr = s.dir, &syscall.SysProcAttr{Credential: s.cred}
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	s.URL = (&url.URL{Scheme: "postgres", User: url.User("postgres"), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
		Path: "/postgres", RawQuery: "sslmode=disable"}).String()
	return s, s.Start()
}

// dirPrefix begins the name of a data folder; the id of the process that made
// it follows.
const dirPrefix = "opal-postgres-"

// removeAbandoned removes the folders of test processes that are gone: a test
// binary has no end at which it could clean up after itself.
func removeAbandoned() {
	old, err := filepath.Glob(filepath.Join(os.TempDir(), dirPrefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range old {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), dirPrefix), "-")
		if n, err := strconv.Atoi(pid); err == nil && errors.Is(syscall.Kill(n, 0), syscall.ESRCH) {
			_ = os.RemoveAll(dir)
		}
	}
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// startPatience is how long Postgres may take to answer on a busy machine.
const startPatience = 2 * time.Minute

// Start starts the server again after Kill, on the same port and data.
func (s *Server) Start() error {
	s.quit, s.done = make(chan struct{}), make(chan struct{})
	started := make(chan error, 1)
	go func() {
		defer close(s.done)
		// the parent-death signal is tied to the thread that started the child
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		cmd := exec.Command(filepath.Join(s.bin, "postgres"), "-D", s.data(), "-p", strconv.Itoa(s.port),
			"-h", "127.0.0.1", "-k", "", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200", "-c", "shared_buffers=64MB")
		cmd.Dir, cmd.SysProcAttr = s.dir, dieWithParent(s.cred)
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		ended := make(chan struct{})
		go func() {
			select {
			case <-s.quit:
				_ = cmd.Process.Signal(syscall.SIGQUIT) // immediate: as a crash would be
			case <-ended:
			}
		}()
		_ = cmd.Wait()
		close(ended)
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	for deadline := time.Now().Add(startPatience); ; time.Sleep(50 * time.Millisecond) {
		d, err := db.Open(context.Background(), db.Options{URL: s.URL, MaxOpen: 1})
		if err == nil {
			return d.Close()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("postgres does not answer: %w", err)
		}
	}
}

// Kill ends the server immediately, as a crash would; Start brings it back.
func (s *Server) Kill() {
	close(s.quit)
	<-s.done
}

// Stop ends the server and removes its data.
func (s *Server) Stop() error {
	s.Kill()
	return os.RemoveAll(s.dir)
}

func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	if p, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(p), nil
	}
	return "", errNoPostgres
}

// credential returns the user to run as when the test runs as root, which
// Postgres refuses.
func credential() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("running as root and neither user postgres nor nobody exists")
}
