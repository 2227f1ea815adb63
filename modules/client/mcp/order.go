package mcp

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/fault"
)

// Errors of orders.
var (
	errNoPhoto = fault.New(fault.Invalid, "photo_missing", "Each item needs one photo: a file, or a source_url")
	errUploads = fault.New(fault.Unavailable, "uploads_incomplete", "Not all photos were sent")
)

// Order asks for pictures: client.NewJob with files beside addresses.
type Order struct {
	Items          []Photo            `json:"items"`
	BrandProfileID string             `json:"brand_profile_id,omitempty"`
	Presets        []string           `json:"presets,omitempty"`
	Options        *client.JobOptions `json:"processing_options,omitempty"`
	Review         string             `json:"review,omitempty"`
	ReviewBelow    *float64           `json:"review_below,omitempty"`
}

// Photo is an entry of an order: client.NewItem, or a file.
type Photo struct {
	File        string           `json:"file,omitempty"`
	Filename    string           `json:"filename,omitempty"`
	SourceURL   string           `json:"source_url,omitempty"`
	ScenePrompt string           `json:"scene_prompt,omitempty"`
	SceneTypes  []string         `json:"scene_types,omitempty"`
	SceneCount  *int             `json:"scene_count,omitempty"`
	Steering    *client.Steering `json:"steering,omitempty"`
	SKU         string           `json:"sku,omitempty"`
	GTIN        string           `json:"gtin,omitempty"`
	ASIN        string           `json:"asin,omitempty"`
	Slot        string           `json:"slot,omitempty"`
	Title       string           `json:"title,omitempty"`
	SetID       string           `json:"set_id,omitempty"`
}

// Price is the answer to quote.
type Price struct {
	client.Quote
	Budget *BudgetState `json:"process_budget,omitempty"`
}

// Created is the answer to create_pictures.
type Created struct {
	JobID string               `json:"job_id"`
	Items []client.CreatedItem `json:"items"`
	Cost  int64                `json:"cost"`
	Next  string               `json:"next"`
}

// job returns the API's request. Without folders, an item without an address waits for
// an upload.
func (s *server) job(o Order) (client.NewJob, error) {
	n := client.NewJob{BrandProfileID: o.BrandProfileID, Presets: o.Presets, Options: o.Options, Review: o.Review, ReviewBelow: o.ReviewBelow}
	for i, p := range o.Items {
		it := client.NewItem{Filename: p.Filename, SourceURL: p.SourceURL, ScenePrompt: p.ScenePrompt, SceneTypes: p.SceneTypes, SceneCount: p.SceneCount, Steering: p.Steering,
			NewProduct: client.NewProduct{SKU: p.SKU, GTIN: p.GTIN, ASIN: p.ASIN, Slot: p.Slot, Title: p.Title, SetID: p.SetID}}
		switch {
		case p.File != "" && s.Files == nil:
			return n, errNoPhoto.With("items[%d]: this server reads no files; name a source_url, or leave both out and PUT the photo to the upload_url", i)
		case p.File != "" && p.SourceURL != "", s.Files != nil && p.File == "" && p.SourceURL == "":
			return n, errNoPhoto.With("items[%d]", i)
		case p.File != "" && p.Filename == "":
			it.Filename = filepath.Base(p.File)
		case p.File == "" && p.SourceURL == "" && p.Filename == "":
			return n, errNoPhoto.With("items[%d]: it has neither filename nor source_url", i)
		}
		n.Items = append(n.Items, it)
		n.Uploads = n.Uploads || p.SourceURL == ""
	}
	return n, nil
}

func (s *server) price(ctx context.Context, n client.NewJob) (client.Quote, error) {
	n.DryRun = true
	got, err := s.Client.CreateJob(ctx, n)
	if err != nil {
		return client.Quote{}, err
	}
	if got.Quote == nil {
		return client.Quote{}, client.ErrAnswer.With("a quote is missing")
	}
	return *got.Quote, nil
}

func (s *server) quote(ctx context.Context, _ *sdk.CallToolRequest, o Order) (*sdk.CallToolResult, Price, error) {
	n, err := s.job(o)
	if err != nil {
		return nil, Price{}, err
	}
	if err := s.readable(o); err != nil {
		return nil, Price{}, err
	}
	q, err := s.price(ctx, n)
	return nil, Price{q, s.Budget.state()}, err
}

// readable looks at the order's files before anything costs: an agent hears of a wrong
// name, and no half of a job is made.
func (s *server) readable(o Order) error {
	for i, p := range o.Items {
		if p.File != "" {
			if err := s.Files.look(p.File); err != nil {
				return fmt.Errorf("items[%d]: %w", i, err)
			}
		}
	}
	return nil
}

func (s *server) create(ctx context.Context, r *sdk.CallToolRequest, o Order) (*sdk.CallToolResult, Created, error) {
	n, err := s.job(o)
	if err != nil {
		return nil, Created{}, err
	}
	if err := s.readable(o); err != nil {
		return nil, Created{}, err
	}
	q, err := s.price(ctx, n)
	if err != nil {
		return nil, Created{}, err
	}
	held, err := s.Budget.Reserve(q.Total)
	if err != nil {
		return nil, Created{}, err
	}
	got, err := s.Client.CreateJob(ctx, n)
	if err != nil {
		var p *client.Problem
		if errors.As(err, &p) && p.Status < 500 { // it was not made; after anything else it may have been
			held.Release()
		}
		return nil, Created{}, err
	}
	out := Created{JobID: got.JobID, Items: got.Items, Cost: q.Total, Next: "Call wait_for_job."}
	if out.Items == nil {
		out.Items = []client.CreatedItem{}
	}
	if s.Files == nil {
		held.Commit()
		if n.Uploads {
			out.Next = "PUT each photo to its upload_url with the header x-ms-blob-type: BlockBlob, then call start_job and wait_for_job."
		}
		return nil, out, nil
	}
	refused, failed, err := s.send(ctx, r, o, got)
	if err != nil { // some may have been queued
		held.Commit()
		return nil, Created{}, err
	}
	back := s.leaveOut(ctx, n, got, refused)
	held.CommitPart(q.Total - back)
	for i := range out.Items { // spent, and secrets
		out.Items[i].UploadURL = ""
	}
	if failed != "" {
		return nil, Created{}, errUploads.With("job %s was made, but: %s. "+
			"The other photos are being worked on: wait_for_job it, and send the rest in a new job. %s", got.JobID, strings.TrimSuffix(failed, "; "), s.refund(back))
	}
	return nil, out, nil
}

// refund says what of the process's budget came back.
func (s *server) refund(back int64) string {
	if s.Budget == nil || back == 0 {
		return ""
	}
	return fmt.Sprintf("%d of this process's budget, hundredths of a credit, were given back", back)
}

// leaveOut cancels the items of entries whose photos were not taken, so that their job ends
// without them, and returns what they would have cost. Where that can't be done, or the
// price not be told, it returns 0: they may still be made.
func (s *server) leaveOut(ctx context.Context, n client.NewJob, job client.CreatedJob, refused map[int]bool) (cost int64) {
	if len(refused) == 0 {
		return 0
	}
	entry := -1
	for _, it := range job.Items {
		if it.SceneIndex == 0 {
			entry++
		}
		if refused[entry] {
			if err := s.Client.CancelItem(ctx, job.JobID, it.ItemID); err != nil {
				return 0
			}
		}
	}
	left := n
	left.Items = nil
	for i, it := range n.Items {
		if refused[i] {
			left.Items = append(left.Items, it)
		}
	}
	q, err := s.price(ctx, left)
	if err != nil {
		return 0
	}
	return q.Total
}

// send uploads the photos of an order's files and queues them. It returns the entries whose
// photos were refused, and why.
func (s *server) send(ctx context.Context, r *sdk.CallToolRequest, o Order, job client.CreatedJob) (refused map[int]bool, failed string, err error) {
	// the items are in the order of the entries, those of one photo beside each other
	entry := -1
	var ids []string
	sent, entries := map[string]bool{}, map[string]int{}
	refused = map[int]bool{}
	for _, it := range job.Items {
		if it.SceneIndex == 0 {
			entry++
		}
		if entry < 0 || entry >= len(o.Items) {
			return nil, "", client.ErrAnswer.With("the job has other items than were asked for")
		}
		p := o.Items[entry]
		if p.File == "" || it.UploadURL == "" {
			continue
		}
		if !sent[it.UploadURL] {
			sent[it.UploadURL] = true
			photo, err := s.Files.read(p.File)
			if err == nil {
				err = s.Client.Put(ctx, it.UploadURL, photo)
			}
			if err != nil {
				if ctx.Err() != nil {
					return nil, "", ctx.Err()
				}
				failed += fmt.Sprintf("%q: %v; ", p.File, err)
				refused[entry] = true
				continue
			}
			ids = append(ids, it.ItemID)
			entries[it.ItemID] = entry
			tell(ctx, r, float64(len(sent)), float64(len(o.Items)), "sent "+plain(it.Filename, 100))
		}
	}
	if len(ids) == 0 {
		return refused, failed, nil
	}
	done, err := s.Client.CompleteAll(ctx, job.JobID, ids)
	if err != nil {
		return nil, "", fmt.Errorf("job %s was made and its photos sent, but not queued; call start_job: %w", job.JobID, err)
	}
	for _, it := range done.Items {
		if !it.OK && it.Error != nil {
			failed += fmt.Sprintf("%q: %s; ", o.Items[entries[it.ItemID]].File, it.Error.Detail)
			refused[entries[it.ItemID]] = true
		}
	}
	return refused, failed, nil
}

// JobID names a job.
type JobID struct {
	JobID string `json:"job_id"`
}

func (s *server) start(ctx context.Context, _ *sdk.CallToolRequest, in JobID) (*sdk.CallToolResult, client.OK, error) {
	err := s.Client.Enqueue(ctx, in.JobID)
	return nil, client.OK{OK: err == nil}, err
}

func (s *server) cancel(ctx context.Context, _ *sdk.CallToolRequest, in JobID) (*sdk.CallToolResult, client.OK, error) {
	err := s.Client.Cancel(ctx, in.JobID)
	return nil, client.OK{OK: err == nil}, err
}

// tell sends a progress notification to a caller that asked for them.
func tell(ctx context.Context, r *sdk.CallToolRequest, done, total float64, message string) {
	if r == nil || r.Session == nil || r.Params.GetProgressToken() == nil {
		return
	}
	_ = r.Session.NotifyProgress(ctx, &sdk.ProgressNotificationParams{ProgressToken: r.Params.GetProgressToken(), Progress: done, Total: total, Message: message})
}
