package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/client"
)

// server is a started opal that answers the API.
type server struct {
	cmd  *exec.Cmd
	base string
	api  *client.Client
	log  *os.File
}

// serve starts opal with a role's arguments and waits until it answers. Its log goes to a
// file of the folder.
func serve(ctx context.Context, opal, dir string, env []string, args ...string) (*server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return nil, err
	}
	s := &server{base: "http://" + addr}
	if s.api, err = client.New(s.base, client.Options{}); err != nil {
		return nil, err
	}
	if s.log, err = os.Create(filepath.Join(dir, "log")); err != nil {
		return nil, err
	}
	s.cmd = exec.Command(opal, append(args, "--listen", addr)...)
	s.cmd.Env = append(append(s.cmd.Environ(), "PUBLIC_BASE_URL="+s.base), env...)
	s.cmd.Stdout, s.cmd.Stderr, s.cmd.Dir = s.log, s.log, dir
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(err, s.log.Close())
	}
	if err := s.ready(ctx); err != nil {
		return nil, errors.Join(err, s.end())
	}
	return s, nil
}

// startPatience is how long a server may take to answer on a busy machine.
const startPatience = 2 * time.Minute

func (s *server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/readyz", nil)
		if err != nil {
			return err
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s doesn't become ready: %s", s.cmd.Path, s.last())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// last is the end of the server's log.
func (s *server) last() string {
	b, err := os.ReadFile(s.log.Name())
	if err != nil {
		return err.Error()
	}
	return tail(string(b))
}

// end stops the server and waits for it, so that what it used counts for this process.
func (s *server) end() error {
	defer s.log.Close()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w: %s", s.cmd.Path, err, s.last())
	}
	return nil
}

// throughService sends the photos of a folder through `opal dev`: signed uploads, messages,
// the scoring service, variants and the ZIP.
func throughService(ctx context.Context, opal, photos, dir string) (err error) {
	files, err := filesOf(photos)
	if err != nil {
		return err
	}
	s, err := serve(ctx, opal, dir, []string{"CUTOUT_ENGINE=studio", "BILLING_MODE=off", "LOG_LEVEL=warn"}, "dev", "--data", filepath.Join(dir, "state"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.end()) }()
	n := client.NewJob{Uploads: true, Presets: channel.Defaults(), Review: "off"}
	for _, f := range files {
		n.Items = append(n.Items, client.NewItem{Filename: filepath.Base(f), SceneTypes: []string{oneScene}})
	}
	made, err := s.api.CreateJob(ctx, n)
	if err != nil {
		return err
	}
	var ids []string
	for i, it := range made.Items {
		b, err := os.ReadFile(files[i])
		if err != nil {
			return err
		}
		if err := s.api.Put(ctx, it.UploadURL, b); err != nil {
			return err
		}
		ids = append(ids, it.ItemID)
	}
	if done, err := s.api.CompleteAll(ctx, made.JobID, ids); err != nil || !done.OK {
		return errors.Join(err, fmt.Errorf("not all photos were taken: %+v", done))
	}
	j, err := s.api.Wait(ctx, made.JobID, nil)
	if err != nil {
		return err
	}
	if j.Status != client.JobCompleted {
		return fmt.Errorf("the job ended %s: %s", j.Status, s.last())
	}
	return nil
}

// oneScene is the scene of the rows that make one.
const oneScene = "studio"
