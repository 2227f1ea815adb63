package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/opal-photo/opal/modules/fault"
)

// Memory is Artifacts in memory, for work without a server. Its pictures have no
// URLs, so engines in this process alone can use it. The zero value is empty and
// ready.
type Memory struct {
	mu     sync.Mutex
	named  int
	bodies map[string][]byte
}

// ErrNoArtifact says that no picture has the path.
var ErrNoArtifact = fault.New(fault.NotFound, "artifact_not_found", "There is no such picture")

// errNoURLs is a defect of the wiring: an engine behind a network was given
// pictures that it can't reach.
var errNoURLs = errors.New("pictures in memory have no URLs")

// Name returns a path that no other picture has.
func (m *Memory) Name(step, ext string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.named++
	return fmt.Sprintf("%d-%s.%s", m.named, step, ext)
}

// Set keeps a picture under a path, over what was there.
func (m *Memory) Set(path string, body []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bodies == nil {
		m.bodies = map[string][]byte{}
	}
	m.bodies[path] = body
}

// Put keeps a picture under a new path.
func (m *Memory) Put(_ context.Context, step, ext, _ string, body []byte) (string, error) {
	path := m.Name(step, ext)
	m.Set(path, body)
	return path, nil
}

// Get returns a picture. Error: ErrNoArtifact.
func (m *Memory) Get(_ context.Context, path string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.bodies[path]
	if !ok {
		return nil, ErrNoArtifact.With("%s", path)
	}
	return b, nil
}

// ReadURL fails: pictures in memory have no URLs.
func (*Memory) ReadURL(context.Context, string) (string, error) { return "", errNoURLs }

// UploadURL fails: pictures in memory have no URLs.
func (*Memory) UploadURL(context.Context, string, string) (url, path string, err error) {
	return "", "", errNoURLs
}
