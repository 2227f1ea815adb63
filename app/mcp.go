package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"

	"github.com/opal-photo/opal/modules/api"
	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/client/mcp"
	"github.com/opal-photo/opal/modules/client/shell"
	"github.com/opal-photo/opal/modules/egress"
)

// withAgents makes the API with /mcp beside it, whose tools call that API in this process.
func withAgents(o api.Options) (http.Handler, error) {
	var self http.Handler
	o.Mounts = append(o.Mounts, api.Mount{Path: "/mcp", Handler: mcp.Handler(mcp.HTTPOptions{
		API: func() http.Handler { return self }, Files: egress.Transport(nil), Version: o.Version,
	})})
	var err error
	self, err = api.New(o)
	return self, err
}

// serveAgent offers the tools on the standard streams.
func serveAgent(ctx context.Context, s shell.Streams, c *client.Client, a shell.Agents) (err error) {
	o := mcp.Options{Client: c, ReadOnly: a.ReadOnly, Version: version()}
	o.Logger = slog.New(slog.NewTextHandler(s.Err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if a.Budget != nil {
		o.Budget = &mcp.Budget{Cap: *a.Budget}
	}
	if o.Files, err = mcp.OpenFolders(a.Folders, a.Out); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.Files.Close()) }()
	err = mcp.Serve(ctx, o, s.In, s.Out)
	if errors.Is(err, io.EOF) || errors.Is(err, context.Canceled) {
		return nil // the agent has gone
	}
	return err
}
