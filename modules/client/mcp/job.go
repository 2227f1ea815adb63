package mcp

import (
	"context"
	"fmt"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/opal-photo/opal/modules/client"
)

// Choices is the answer to choices.
type Choices struct {
	Presets []Preset `json:"presets"`
	Scenes  []string `json:"scenes"`
	Brands  []Brand  `json:"brand_profiles"`
}

// Preset is a preset without its rules.
type Preset struct {
	Name       string `json:"name"`
	Title      string `json:"title"`
	Channel    string `json:"channel"`
	Width      int    `json:"width"`
	Height     int    `json:"height"`
	Background string `json:"background"`
	Default    bool   `json:"default"`
}

// Brand names a brand profile.
type Brand struct {
	ID   string `json:"brand_profile_id"`
	Name string `json:"name"`
}

// Nothing is the input of tools that take nothing.
type Nothing struct{}

func (s *server) choices(ctx context.Context, _ *sdk.CallToolRequest, _ Nothing) (*sdk.CallToolResult, Choices, error) {
	out := Choices{Presets: []Preset{}, Scenes: []string{}, Brands: []Brand{}}
	presets, err := s.Client.Presets(ctx)
	if err != nil {
		return nil, out, err
	}
	for _, p := range presets.Presets {
		out.Presets = append(out.Presets, Preset{p.Name, p.Title, p.Channel, p.Width, p.Height, p.Background, p.Default})
	}
	scenes, err := s.Client.Scenes(ctx)
	if err != nil {
		return nil, out, err
	}
	out.Scenes = append(out.Scenes, scenes.Scenes...)
	brands, err := s.Client.BrandProfiles(ctx)
	if err != nil {
		return nil, out, err
	}
	for _, b := range brands.Profiles {
		out.Brands = append(out.Brands, Brand{b.ID, plain(b.Name, maxText)})
	}
	return nil, out, nil
}

// Wait asks for a job's state.
type Wait struct {
	JobID   string `json:"job_id"`
	Seconds *int   `json:"seconds,omitempty"`
}

// State is a job's state as an agent needs it.
type State struct {
	JobID  string        `json:"job_id"`
	Status string        `json:"status"`
	Ended  bool          `json:"ended"`
	Counts client.Counts `json:"counts"`
	Items  []Item        `json:"items"`
}

// Item is an item's state.
type Item struct {
	ItemID       string    `json:"item_id"`
	Filename     string    `json:"filename"`
	SceneType    string    `json:"scene_type"`
	Status       string    `json:"status"`
	Error        string    `json:"error,omitempty"`
	NeedsReview  bool      `json:"needs_review"`
	ReviewReason string    `json:"review_reason,omitempty"`
	Confidence   *float64  `json:"confidence,omitempty"`
	SKU          string    `json:"sku,omitempty"`
	Variants     []Variant `json:"variants"`
}

// Variant is a variant's state.
type Variant struct {
	Preset string `json:"preset"`
	Status string `json:"status"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Bytes  int64  `json:"bytes"`
	Error  string `json:"error,omitempty"`
}

func (s *server) wait(ctx context.Context, r *sdk.CallToolRequest, in Wait) (*sdk.CallToolResult, State, error) {
	seconds := s.MaxWait
	if in.Seconds != nil {
		seconds = min(*in.Seconds, s.MaxWait)
	}
	j, err := s.Client.Job(ctx, in.JobID)
	if err != nil || j.Ended() || seconds <= 0 {
		return nil, stateOf(j), err
	}
	until, stop := context.WithTimeout(ctx, time.Duration(seconds)*time.Second)
	defer stop()
	last := j
	ended := -1
	j, err = s.Client.Wait(until, in.JobID, func(j client.Job) {
		last = j
		if n := j.Counts.Total - j.Counts.Open; n > ended {
			ended = n
			tell(ctx, r, float64(n), float64(j.Counts.Total), fmt.Sprintf("%d of %d items have ended", n, j.Counts.Total))
		}
	})
	if err != nil && until.Err() != nil && ctx.Err() == nil {
		return nil, stateOf(last), nil
	}
	return nil, stateOf(j), err
}

func stateOf(j client.Job) State {
	out := State{JobID: j.JobID, Status: j.Status, Ended: j.Ended(), Counts: j.Counts, Items: []Item{}}
	for _, it := range j.Items {
		one := Item{ItemID: it.ItemID, Filename: plain(it.Filename, maxText), SceneType: it.SceneType, Status: it.Status, Error: text(it.ErrorMessage),
			NeedsReview: it.NeedsReview, ReviewReason: text(it.ReviewReason), Confidence: it.Confidence, SKU: text(it.SKU), Variants: []Variant{}}
		for _, v := range it.Exports {
			one.Variants = append(one.Variants, Variant{v.Preset, v.Status, v.Width, v.Height, v.Bytes, text(v.ErrorMessage)})
		}
		out.Items = append(out.Items, one)
	}
	return out
}

func text(p *string) string {
	if p == nil {
		return ""
	}
	return plain(*p, maxText)
}

// Page asks for a page of jobs.
type Page struct {
	Cursor string `json:"cursor,omitempty"`
	Limit  int    `json:"limit,omitempty"`
}

// defaultPage is how many jobs a page has: agents pay for what they read.
const defaultPage = 20

// Jobs is a page of jobs.
type Jobs struct {
	Jobs       []Summary `json:"jobs"`
	NextCursor string    `json:"next_cursor,omitempty"`
}

// Summary is a job without its items.
type Summary struct {
	JobID     string        `json:"job_id"`
	Status    string        `json:"status"`
	Brand     string        `json:"brand_profile_id"`
	CreatedAt time.Time     `json:"created_at"`
	Counts    client.Counts `json:"counts"`
}

func (s *server) jobs(ctx context.Context, _ *sdk.CallToolRequest, in Page) (*sdk.CallToolResult, Jobs, error) {
	if in.Limit == 0 {
		in.Limit = defaultPage
	}
	out := Jobs{Jobs: []Summary{}}
	page, err := s.Client.Jobs(ctx, client.Filter{Page: client.Page{Cursor: in.Cursor, Limit: in.Limit}})
	if err != nil {
		return nil, out, err
	}
	for _, j := range page.Jobs {
		out.Jobs = append(out.Jobs, Summary{j.JobID, j.Status, j.BrandProfileID, j.CreatedAt, j.Counts})
	}
	if page.NextCursor != nil {
		out.NextCursor = *page.NextCursor
	}
	return nil, out, nil
}

// More asks for variants of an item.
type More struct {
	JobID   string   `json:"job_id"`
	ItemID  string   `json:"item_id"`
	Presets []string `json:"presets"`
}

func (s *server) presets(ctx context.Context, _ *sdk.CallToolRequest, in More) (*sdk.CallToolResult, client.OK, error) {
	_, err := s.Client.Reexport(ctx, in.JobID, in.ItemID, in.Presets...)
	return nil, client.OK{OK: err == nil}, err
}

// Usage is the answer to usage; amounts are hundredths of a credit.
type Usage struct {
	Balance client.Balance    `json:"balance"`
	Used    []client.UsageRow `json:"used_in_30_days"`
	Key     *KeyBudget        `json:"key,omitempty"`
	Process *BudgetState      `json:"process_budget,omitempty"`
}

// KeyBudget is the budget of the API key.
type KeyBudget struct {
	Name   string   `json:"name"`
	Scopes []string `json:"scopes"`
	Budget *int64   `json:"budget"`
	Used   int64    `json:"budget_used"`
}

func (s *server) usage(ctx context.Context, _ *sdk.CallToolRequest, _ Nothing) (*sdk.CallToolResult, Usage, error) {
	out := Usage{Used: []client.UsageRow{}, Process: s.Budget.state()}
	var err error
	if out.Balance, err = s.Client.Balance(ctx); err != nil {
		return nil, out, err
	}
	page, err := s.Client.Usage(ctx, "step")
	if err != nil {
		return nil, out, err
	}
	out.Used = append(out.Used, page.Usage...)
	if k, err := s.Client.OwnKey(ctx); err == nil { // callers without a key have no budget
		out.Key = &KeyBudget{plain(k.Name, maxText), k.Scopes, k.Budget, k.BudgetUsed}
	}
	return nil, out, nil
}
